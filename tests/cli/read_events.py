# SPDX-License-Identifier: Apache-2.0
"""Prints as JSON what the package tensorboard finds in the folder that is named. Run by tensorboard_test.py, with the
Python that has the package."""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator

everything = {event_accumulator.SCALARS: 0, event_accumulator.HISTOGRAMS: 0, event_accumulator.TENSORS: 0}
events = event_accumulator.EventAccumulator(sys.argv[1], size_guidance=everything)
events.Reload()
tags = events.Tags()


def histogram(event):
    value = event.histogram_value
    return {"step": event.step, "min": value.min, "max": value.max, "num": value.num, "sum": value.sum,
            "limits": list(value.bucket_limit), "counts": list(value.bucket)}


print(json.dumps({
    "version": events.file_version,
    "scalars": {tag: [[event.step, event.value] for event in events.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {tag: [histogram(event) for event in events.Histograms(tag)] for tag in tags["histograms"]},
    "texts": {tag: [text.decode() for event in events.Tensors(tag) for text in event.tensor_proto.string_val]
              for tag in tags["tensors"] if events.SummaryMetadata(tag).plugin_data.plugin_name == "text"},
}))
