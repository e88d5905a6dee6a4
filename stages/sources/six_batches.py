"""The batches and splits of CIFAR-10; embedded datasets have the same, for the same experiments."""

from __future__ import annotations

from stages.data.samples import Split

TRAINING_NAMES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_NAME = "test_batch"
BATCH_NAMES = (*TRAINING_NAMES, TEST_NAME)
# "one" is the course report's basic condition, "all" that of its deeper networks.
SPLITS = {
    "one": Split(train=TRAINING_NAMES[:1], test=TRAINING_NAMES[1:2]),
    "all": Split(train=TRAINING_NAMES, test=(TEST_NAME,)),
}
