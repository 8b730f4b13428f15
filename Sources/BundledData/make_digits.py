#!/usr/bin/env python3
"""Makes data/digits.bin from scikit-learn's copy of the UCI handwritten digits: make_digits.py [OUTPUT].

The file holds 1,797 records of 65 bytes: 64 pixels (8 rows of 8, values 0 to 16), then the label (0 to 9).

Order. The original is grouped by writer. Here every class is shuffled, and the j-th of its n samples gets the place
(j + u) / n with u drawn from [0, 1); sorting by place gives one fixed order in which every long enough stretch holds the classes in
nearly their overall proportions. So the last 360 samples (the test set) and the last fifth of what is left (the validation set) are
both stratified, whatever fraction is asked for. The seed is fixed and the generator is Python's own, whose sequence does not change.
"""
import pathlib
import random
import sys

from sklearn.datasets import load_digits

SEED = 20261121


def main() -> None:
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "data" / "digits.bin"
    digits = load_digits()
    assert digits.data.shape == (1797, 64) and digits.data.min() == 0 and digits.data.max() == 16

    draw = random.Random(SEED)
    places = []
    for label in range(10):
        members = [index for index, value in enumerate(digits.target) if value == label]
        draw.shuffle(members)
        places += [((position + draw.random()) / len(members), index) for position, index in enumerate(members)]

    records = bytearray()
    for _, index in sorted(places):
        records += bytes(int(pixel) for pixel in digits.data[index])
        records.append(int(digits.target[index]))
    output.write_bytes(records)
    labels = records[64::65]
    for name, part in (("test", labels[-360:]), ("validation 0.2", labels[1149:1437]), ("training", labels[:1149])):
        print(name, len(part), [part.count(label) for label in range(10)])


if __name__ == "__main__":
    main()
