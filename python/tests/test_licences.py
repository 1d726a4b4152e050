# SPDX-License-Identifier: Apache-2.0
"""The package brings the licences of what is inside it."""

import importlib.metadata


def test_the_package_has_its_licence_and_that_of_the_charts():
    files = importlib.metadata.files("distributed-gradient-accumulator")
    texts = {str(file).split("licenses/")[1]: file.read_text() for file in files if ".dist-info/licenses/" in str(file)}
    assert set(texts) == {"LICENSE", "third_party/uplot/LICENSE"}
    assert "Apache License" in texts["LICENSE"]
    assert "Leon Sorokin" in texts["third_party/uplot/LICENSE"]
