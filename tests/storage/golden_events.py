#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the golden bytes of summary_event_test.cpp, made by the package tensorboard alone:

    .deps/tests/bin/python tests/storage/golden_events.py    # scripts/setup test makes that python
"""

import io
import textwrap

import numpy
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

WALL_TIME = 1700000000.25
VALUES = [1, 1.5, 8.25, 8.5, 31]


def event(step, **value):
    return event_pb2.Event(wall_time=WALL_TIME, step=step,
                           summary=summary_pb2.Summary(value=[summary_pb2.Summary.Value(**value)]))


def histogram():
    counts, edges = numpy.histogram(VALUES, bins=30)
    return summary_pb2.HistogramProto(min=min(VALUES), max=max(VALUES), num=len(VALUES), sum=sum(VALUES),
                                      sum_squares=sum(v * v for v in VALUES), bucket_limit=edges[1:], bucket=counts)


def text(markdown):
    shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)])
    plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
    return {"tensor": tensor_pb2.TensorProto(dtype="DT_STRING", tensor_shape=shape, string_val=[markdown.encode()]),
            "metadata": summary_pb2.SummaryMetadata(plugin_data=plugin)}


for name, golden in [("version", event_pb2.Event(wall_time=WALL_TIME, file_version="brain.Event:2")),
                     ("scalar", event(300, tag="loss", simple_value=0.1)),
                     ("histogram", event(7, tag="time/wait", histo=histogram())),
                     ("text", event(1, tag="options", **text("| a | b |\n|---|---|")))]:
    file = io.BytesIO()
    RecordWriter(file).write(golden.SerializeToString())
    print(name, *textwrap.wrap(file.getvalue().hex(), 96), sep="\n    ")
