"""What a user can get wrong in params.yaml, and what the one line about each must have."""

from __future__ import annotations

import math

from stages.params.loading import read_params
from tests.helpers import ROOT

DOCUMENT = read_params(ROOT / "params.yaml")
PHOTOS = DOCUMENT["datasets"]["photos"]
N = PHOTOS["pictures_per_batch"]
OWN, NEW = "experiments.photos-normalize", "features.photos-new"
PER_BATCH = "datasets.photos.pictures_per_batch"
CONTRAST = "datasets.photos.min_contrast"
HOG = {"dataset": "photos", "input": "photos-raw", "transform": "hog"}
TINY_HOG = HOG | {"options": {"orientations": 1, "pixels_per_cell": 16, "cells_per_block": 2}}
ABSENT = object()


def at(path, value):
    """Return a change of the document: the value at `path`, keys joined by dots."""

    def change(document):
        *above, last = path.split(".")
        for key in above:
            document = document[key]
        document[last] = value
        if value is ABSENT:
            del document[last]

    return change


def own(**values):
    """Return a change of an experiment's own entry."""
    return lambda document: document["experiments"]["photos-normalize"].update(values)


def new_feature(transform="normalize", **values):
    """Return a change that adds features with a mistake."""
    return at(NEW, {"dataset": "photos", "input": "photos-raw", "transform": transform} | values)


def pca(n_components=3, fit="one", **values):
    entry = {"dataset": "photos", "input": "photos-normalize", "transform": "pca", "fit": fit}
    entry |= {"options": {"n_components": n_components}} | values
    return at(NEW, {key: value for key, value in entry.items() if value is not ABSENT})


def both(*changes):
    return lambda document: [change(document) for change in changes]


# A change of params.yaml that is a mistake, and what the one line about it must have.
MISTAKES = {
    # sections and keys
    "unknown section": (at("dataset", {}), "dataset: unknown section", "mean 'datasets'"),
    "missing section": (at("features", ABSENT), "no entry 'features'"),
    "section that is a list": (at("experiments", ["a"]), "experiments: ['a'] is not allowed"),
    "empty section": (at("transforms", {}), "transforms: {} is not allowed"),
    "misspelt default": (at("defaults.epoch", 3), "epoch: unknown key", "mean 'epochs'"),
    "misspelt, so missing": (
        both(at("datasets.photos.seed", ABSENT), at("datasets.photos.sead", 1)),
        "datasets.photos.sead: unknown key; did you mean 'seed'? Allowed: source, ",
    ),
    "section that is null": (at("defaults", None), "defaults: None is not allowed", "mapping"),
    "nothing like it": (own(x=1), f"{OWN}.x: unknown key. Allowed: split, "),
    "misspelt key": (own(sead=[1]), f"{OWN}.sead: unknown key", "mean 'seeds'", "momentum"),
    "misspelt in dataset": (at("datasets.photos.sed", 1), "datasets.photos.sed: unknown", "'seed'"),
    "misspelt in feature": (new_feature(imput=1), f"{NEW}.imput: unknown key", "mean 'input'"),
    "misspelt in hog": (at("transforms.hog.chanels", 9), "transforms.hog.chanels", "'channels'"),
    "misspelt option": (new_feature(options={"hihg": 1}), f"{NEW}.options.hihg", "mean 'high'"),
    "missing default": (at("defaults.epochs", ABSENT), "epochs: this key is required"),
    "missing dataset": (at(f"{OWN}.dataset", ABSENT), f"{OWN}.dataset: this key is required"),
    "missing seed": (at("datasets.photos.seed", ABSENT), "datasets.photos.seed: this key is req"),
    "missing source": (at("datasets.photos.source", ABSENT), "datasets.photos.source: this key"),
    "missing parameter": (at("transforms.pca.whiten", ABSENT), "transforms.pca.whiten: this key"),
    "missing input": (
        at("features.photos-new", {"dataset": "photos", "transform": "hog"}),
        f"{NEW}.input: this key",
    ),
    "empty experiment": (at(OWN, None), f"{OWN}: None is not allowed", "mapping"),
    "name with _": (at("features.photos_x", {}), "features: the name 'photos_x' is not", "hyphen"),
    "name that is a number": (
        at("experiments", {8: {}}),
        "experiments: the name 8 is not",
        "letter",
    ),
    "name that reads as a number": (at("experiments.08", {}), "the name '08' is not", "letter"),
    "name with an exponent": (at("features.1e3", {}), "features: the name '1e3' is not", "letter"),
    "name that is a truth value": (at("recipes", {True: {}}), "recipes: the name True", "letter"),
    "name that reads as one": (at("recipes.true", {}), "recipes: the name 'true' is not", "letter"),
    "name in capitals": (at("experiments.A", {}), "experiments: the name 'A' is not", "small"),
    # types
    "text for count": (own(epochs="ten"), f"{OWN}.epochs: 'ten' is not allowed", "integer"),
    "real for count": (own(epochs=1.5), f"{OWN}.epochs: 1.5 is not allowed", "integer"),
    "bool for count": (own(batch_size=True), f"{OWN}.batch_size: True is not allowed", "integer"),
    "bool for number": (own(momentum=False), f"{OWN}.momentum: False is not allowed", "number"),
    "number for bool": (own(nesterov=1), f"{OWN}.nesterov: 1 is not allowed", "boolean"),
    "text for bool": (own(early_stopping="yes"), f"{OWN}.early_stopping: 'yes'", "boolean"),
    "null for number": (own(learning_rate=None), f"{OWN}.learning_rate: None is not", "number"),
    "null for list": (own(seeds=None), f"{OWN}.seeds: None is not allowed", "valid list"),
    "text in list": (own(seeds=["0"]), f"{OWN}.seeds.0: '0' is not allowed", "number such as 10"),
    "mapping for list": (own(seeds={0: 1}), f"{OWN}.seeds: {{0: 1}} is not allowed", "list"),
    "list for name": (own(dataset=["photos"]), f"{OWN}.dataset: ['photos'] is not", "string"),
    "number for entry": (at(NEW, 3), f"{NEW}: 3 is not allowed", "dictionary"),
    "list for options": (new_feature(options=[1]), f"{NEW}.options: [1] is not", "dictionary"),
    "null for parameters": (at("transforms.pca", None), "transforms.pca: None is not", "dict"),
    "number for list": (own(seeds=3), f"{OWN}.seeds: 3 is not allowed", "list"),
    "text for list": (own(seeds="0"), f"{OWN}.seeds: '0' is not allowed", "list"),
    "bool for seed": (own(seeds=[0, True]), f"{OWN}.seeds.1: True is not allowed", "integer"),
    # ranges
    "no epochs": (own(epochs=0), f"{OWN}.epochs: 0 is not allowed", "greater than or equal to 1"),
    "no batch size": (own(batch_size=0), f"{OWN}.batch_size: 0 is not", "equal to 1"),
    "negative rate": (own(learning_rate=-0.1), f"{OWN}.learning_rate: -0.1 is not", "than 0"),
    "rate of 0": (own(learning_rate=0), f"{OWN}.learning_rate: 0 is not", "greater than 0"),
    "nan rate": (own(learning_rate=math.nan), f"{OWN}.learning_rate: nan", "finite"),
    "infinite rate": (own(learning_rate=math.inf), f"{OWN}.learning_rate: inf", "finite"),
    "no rates": (own(learning_rate=[]), f"{OWN}.learning_rate: [] is not allowed", "at least 2"),
    "nan in list": (own(learning_rate=[0.1, math.nan]), f"{OWN}.learning_rate.1: nan", "finite"),
    "nan dropout": (own(dropout=math.nan), f"{OWN}.dropout: nan is not allowed", "less than 1"),
    "huge rate": (own(learning_rate=10**400), f"{OWN}.learning_rate: 1000", "...", "valid number"),
    "huge epochs": (own(epochs=10**30), f"{OWN}.epochs: 1{'0' * 30} is not", "equal to 1000000"),
    "huge layer": (own(hidden_layer_sizes=[10**30]), f"{OWN}.hidden_layer_sizes.0", "16384"),
    "huge seed": (own(seeds=[2**32]), f"{OWN}.seeds.0: {2**32} is not allowed", "less than"),
    "huge source seed": (at("datasets.photos.seed", 2**32), f"seed: {2**32} is not", "less than"),
    "huge batch size": (own(batch_size=10**30), f"{OWN}.batch_size: 1{'0' * 30}", f"the {N} train"),
    "one rate to choose from": (own(learning_rate=[0.1]), f"{OWN}.learning_rate: [0.1]", "least 2"),
    "a bad rate of two": (own(learning_rate=[0.1, 0.0]), f"{OWN}.learning_rate.1: 0.0", "than 0"),
    "a rate twice": (
        own(learning_rate=[0.1, 0.1]),
        f"{OWN}.learning_rate: [0.1, 0.1] is not allowed: it names one value twice",
    ),
    "infinite alpha": (own(penalty="l2", alpha=math.inf), f"{OWN}.alpha: inf", "finite"),
    "negative alpha": (own(penalty="l2", alpha=-1.0), f"{OWN}.alpha: -1.0", "equal to 0"),
    "nan momentum": (own(momentum=math.nan), f"{OWN}.momentum: nan", "less than 1"),
    "momentum of 1": (own(momentum=1.0), f"{OWN}.momentum: 1.0", "less than 1"),
    "dropout of 1": (own(dropout=1.0), f"{OWN}.dropout: 1.0", "less than 1"),
    "negative smoothing": (own(label_smoothing=-0.1), f"{OWN}.label_smoothing: -0.1", "equal to 0"),
    "nothing held out": (own(validation_fraction=0.0), f"{OWN}.validation_fraction: 0.0", "than 0"),
    "negative seed": (own(seeds=[-1]), f"{OWN}.seeds.0: -1", "equal to 0"),
    "empty layer": (own(hidden_layer_sizes=[8, 0]), f"{OWN}.hidden_layer_sizes.1: 0", "equal to 1"),
    "unknown activation": (own(activation="selu"), f"{OWN}.activation: 'selu'", "'relu'", "'tanh'"),
    "unknown penalty": (own(penalty="l3"), f"{OWN}.penalty: 'l3'", "'none'", "'l2'"),
    "unknown last batch": (
        own(last_batch="keep"),
        *(f"{OWN}.last_batch: 'keep' is not allowed", "'even', 'short' or 'drop'"),
    ),
    "null for last batch": (own(last_batch=None), f"{OWN}.last_batch: None", "'drop'"),
    "bool for last batch": (own(last_batch=True), f"{OWN}.last_batch: True", "'drop'"),
    "scale of 0": (own(weight_scale=0), f"{OWN}.weight_scale: 0 is not allowed", "than 0"),
    "negative scale": (own(weight_scale=-0.1), f"{OWN}.weight_scale: -0.1 is not", "than 0"),
    "nan scale": (own(weight_scale=math.nan), f"{OWN}.weight_scale: nan is not allowed", "finite"),
    "infinite scale": (own(weight_scale=math.inf), f"{OWN}.weight_scale: inf", "finite"),
    "text for scale": (own(weight_scale="he"), f"{OWN}.weight_scale: 'he' is not", "number"),
    "bool for scale": (own(weight_scale=True), f"{OWN}.weight_scale: True is not", "number"),
    "list for scale": (own(weight_scale=[0.1]), f"{OWN}.weight_scale: [0.1] is not", "number"),
    "unknown schedule": (own(schedule="linear"), f"{OWN}.schedule: 'linear'", "'cosine'"),
    # splits and seeds
    "unknown split": (own(split="al"), f"{OWN}.split: the dataset has no split 'al'", "mean 'all'"),
    "list for split": (own(split=["one"]), f"{OWN}.split: ['one'] is not allowed", "string"),
    "unknown split of a recipe": (
        at("recipes.linear.split", "every"),
        *("experiments.photos-linear.split: the dataset has no split 'every'", "one, all"),
    ),
    "no seeds": (own(seeds=[]), f"{OWN}.seeds: []", "at least 1"),
    "seed twice": (own(seeds=[1, 2, 1]), f"{OWN}.seeds: [1, 2, 1] is not allowed", "value twice"),
    "batch size above the data": (
        own(split="all", batch_size=5 * N + 1),
        f"{OWN}.batch_size: {5 * N + 1} is not allowed: at most the {5 * N} training pictures",
    ),
    # what contradicts something else
    "alpha without penalty": (
        own(penalty="none", alpha=0.1),
        f"{OWN}.alpha: 0.1 is not allowed: it needs a penalty, l1 or l2",
    ),
    "penalty without alpha": (
        own(penalty="l1", alpha=0.0),
        f"{OWN}.alpha: 0.0 is not allowed: penalty l1 needs an alpha above 0",
    ),
    "dropout without layer": (
        own(dropout=0.5, hidden_layer_sizes=[]),
        f"{OWN}.dropout: 0.5 is not allowed: it needs a hidden layer",
    ),
    "nesterov alone": (
        own(nesterov=True, momentum=0.0),
        f"{OWN}.nesterov: True is not allowed: it needs a momentum above 0",
    ),
    "level with otsu": (
        new_feature("binarize", options={"threshold": "otsu", "level": 0.5}),
        *(f"{NEW}.options.level: 0.5 is not allowed", "a number with threshold fixed"),
    ),
    "fixed without level": (
        new_feature("binarize", options={"threshold": "fixed", "level": None}),
        *(f"{NEW}.options.level: None is not allowed", "a number with threshold fixed"),
    ),
    "low above high": (
        new_feature(options={"low": 2.0}),
        f"{NEW}.options.low: 2.0 is not allowed: it must be below high, 1.0",
    ),
    "threshold with triangle": (
        new_feature("patches", fit="one", options={"encoding": "triangle", "threshold": 0.5}),
        *(f"{NEW}.options.threshold: 0.5 is not allowed", "null with triangle"),
    ),
    "more atoms than patches": (
        new_feature("patches", fit="one", options={"n_patches": 5, "n_atoms": 6}),
        f"{NEW}.options.n_atoms: 6 is not allowed: at most n_patches, 5",
    ),
    "grid finer than the places": (
        new_feature("patches", fit="one", options={"size": 30, "grid": 4}),
        *(NEW, "a grid of 4x4 cells is finer than the places of a patch of 30x30"),
    ),
    "nan low": (at("transforms.normalize.low", math.nan), "transforms.normalize.low: nan"),
    "unknown norm": (at("transforms.hog.block_norm", "L3"), "transforms.hog.block_norm: 'L3'"),
    "mirrored vectors": (
        own(preprocessing="hog", flip=True),
        f"{OWN}.flip: True is not allowed: features.photos-hog are no pixels",
    ),
    "averaged vectors": (
        own(preprocessing="hog", average_views=True),
        f"{OWN}.average_views: True is not allowed: features.photos-hog are no pixels",
    ),
    "moved vectors": (
        own(preprocessing="pca", shift=2),
        f"{OWN}.shift: 2 is not allowed: features.photos-pca are no pixels; give the first",
    ),
    "moved, and mirrored beforehand": (
        both(at("features.photos-normalize.flip", True), own(flip=True, shift=2)),
        f"{OWN}.shift: 2 is not allowed: features.photos-normalize come with shift: 0; train on",
    ),
    "some of the views": (
        both(
            at("features.photos-hog.flip", True),
            both(at("features.photos-hog.shift", 1), own(preprocessing="hog", shift=1)),
        ),
        f"{OWN}.flip: False is not allowed: features.photos-hog come with flip: True; train on",
    ),
    "moved in between": (
        at("features.photos-hog-standardize.shift", 1),
        "features.photos-hog-standardize.shift: 1 is not allowed: only pictures (<dataset>-raw)",
    ),
    "moved out of the picture": (
        at("features.photos-hog.shift", 32),
        *("features.photos-hog.shift: 32 is not allowed", "below", "32x32 pixels"),
    ),
    "trained out of the picture": (
        own(shift=40),
        *(f"{OWN}.shift: 40 is not allowed", "below", "32x32 pixels"),
    ),
    "more components than pictures": (
        new_feature("patches", fit="one", options={"n_components": 10**4 + 1}),
        *(NEW, "n_components 10001 is more than "),
    ),
    "mirrored in between": (
        at("features.photos-hog-standardize.flip", True),
        "features.photos-hog-standardize.flip: True is not allowed: only pictures (<dataset>-raw)",
    ),
    "averages of too many epochs": (
        own(epochs=3, averaged_epochs=4),
        f"{OWN}.averaged_epochs: 4 is not allowed: at most the 3 epochs",
    ),
    "averages and stops": (
        own(averaged_epochs=2, early_stopping=True),
        f"{OWN}.early_stopping: True is not allowed: weights are averaged instead",
    ),
    "negative shift": (own(shift=-1), f"{OWN}.shift: -1 is not allowed", "equal to 0"),
    "quick without epochs": (at("quick.epochs", 0), "quick.epochs: 0 is not allowed", "equal to 1"),
    "quick with a list of seeds": (at("quick.seeds", [0]), "quick.seeds: [0] is not", "integer"),
    "quick, misspelt": (at("quick.enable", True), "quick.enable: unknown key", "mean 'enabled'"),
    "quick missing": (at("quick", ABSENT), "no entry 'quick'"),
    # names of other entries
    "unknown dataset": (own(dataset="photo"), f"{OWN}.dataset: no dataset 'photo'", "'photos'"),
    "unknown preprocessing": (
        own(preprocessing="hogs"),
        *(f"{OWN}.preprocessing: no entry features.photos-hogs", "mean 'hog'", "pca"),
    ),
    "unknown source": (at("datasets.photos.source", "x"), "photos.source: 'x' is not", "cifar10, "),
    "base as source": (at("datasets.photos.source", "base"), "photos.source: 'base' is not"),
    "unknown transform": (new_feature("dct"), f"{NEW}.transform: 'dct' is not", "binarize, hog, "),
    "parameters of nothing": (at("transforms.dct", {}), "transforms.dct: 'dct' is not", "hog, "),
    "transform without entry": (at("transforms.pca", ABSENT), "transforms has no entry 'pca'"),
    "unknown dataset of features": (
        new_feature(dataset="photo"),
        *(f"{NEW}.dataset: no dataset 'photo'", "mean 'photos'"),
    ),
    "unknown input": (
        new_feature(input="photos-hogg"),
        *(f"{NEW}.input: no features 'photos-hogg' of photos", "mean 'photos-hog'"),
    ),
    "input of another form": (
        new_feature(input="data/samples/photos-raw"),
        f"{NEW}.input: 'data/samples/photos-raw' is not allowed",
    ),
    "input of another dataset": (
        new_feature(input="cifar10-raw"),
        *(f"{NEW}.input: no features 'cifar10-raw' of photos", "photos-raw"),
    ),
    "name of another dataset": (
        new_feature(dataset="cifar10"),
        *(f"{NEW}: the name must begin with its dataset", "cifar10-"),
    ),
    "name of the pictures": (
        at("features.photos-raw", HOG),
        *("features.photos-raw: the name must begin", "other than raw"),
    ),
    "preprocessing of another dataset": (
        own(dataset="cifar10", preprocessing="patches-standardize"),
        *(f"{OWN}.preprocessing: patches-standardize is fitted on", "not among"),
    ),
    "preprocessing that only another dataset has": (
        own(preprocessing="hog-fine"),
        *(f"{OWN}.preprocessing: no entry features.photos-hog-fine", "Allowed: normalize, "),
    ),
    # recipes
    "no recipe": (at(f"{OWN}.recipe", ABSENT), f"{OWN}.recipe: None is not allowed", "recipes:"),
    "unknown recipe": (
        own(recipe="sofmax"),
        *(f"{OWN}.recipe: no entry recipes.sofmax", "mean 'softmax'"),
    ),
    "list for recipe": (own(recipe=["l1"]), f"{OWN}.recipe: ['l1'] is not allowed", "recipes:"),
    "misspelt in recipe": (at("recipes.l1.alfa", 0.1), "recipes.l1.alfa: unknown", "mean 'alpha'"),
    "wrong value in recipe": (
        at("recipes.l1.epochs", 0),
        "recipes.l1.epochs: 0 is not",
        "equal to",
    ),
    "recipe that is a list": (at("recipes.l1", [1]), "recipes.l1: [1] is not allowed", "mapping"),
    "recipe with a dataset": (
        at("recipes.l1.dataset", "photos"),
        "recipes.l1.dataset: unknown key",
    ),
    "recipes missing": (at("recipes", ABSENT), "no entry 'recipes'"),
    "dataset without experiments": (
        at("datasets.mine", PHOTOS),
        *("datasets.mine: it has no entry in experiments", "or remove it"),
    ),
    "dataset without experiments that has features": (
        both(
            at("datasets.mine", PHOTOS),
            at("features.mine-hog", HOG | {"dataset": "mine", "input": "mine-raw"}),
        ),
        *("datasets.mine: it has no entry in experiments", "or remove it"),
    ),
    "dataset without features": (
        both(
            at("datasets.mine", PHOTOS),
            at(
                "experiments.mine-x",
                {"dataset": "mine", "preprocessing": "hog", "recipe": "linear"},
            ),
        ),
        *("datasets.mine: it has no entry in features", "add features.mine-hog"),
    ),
    "no experiments": (at("experiments", {}), "experiments: {} is not allowed", "with entries"),
    "null for experiments": (at("experiments", None), "experiments: None is not", "with entries"),
    "no features": (at("features", {}), "features: {} is not allowed", "with entries"),
    "no datasets": (at("datasets", {}), "datasets: {} is not allowed", "with entries"),
    "unknown training of a reading": (
        at("forensics.cifar10.runs.128-l1.alone.training", ["five"]),
        *("forensics.cifar10.runs.128-l1: training", "no split 'five'", "one, all"),
    ),
    "made of itself": (
        new_feature(input="photos-new"),
        f"{NEW}.input: 'photos-new' is made from these features themselves",
    ),
    "made of each other": (
        both(
            at("features.photos-a", HOG | {"input": "photos-b"}),
            at("features.photos-b", HOG | {"input": "photos-a"}),
        ),
        "is made from these features themselves",
    ),
    # fits and shapes
    "fit missing": (pca(fit=ABSENT), f"{NEW}.fit: pca learns: name a split"),
    "fit pointless": (
        new_feature(fit="one"),
        f"{NEW}.fit: one is not",
        "normalize learns nothing",
    ),
    "fit on an unknown split": (pca(fit="two"), f"{NEW}.fit: the dataset has no split 'two'"),
    "fit on a list": (pca(fit=["one"]), f"{NEW}.fit: ['one'] is not allowed", "string"),
    "fit on what is not training": (
        both(pca(fit="all"), own(preprocessing="new")),
        *(f"{OWN}.preprocessing: new is fitted on data_batch_2", "not among", "training batches"),
    ),
    "components above samples": (
        pca(n_components=N + 1),
        *(NEW, f"n_components {N + 1} is more than {N}", f"{N} training samples"),
    ),
    "components above features": (
        both(at("features.photos-x", TINY_HOG), pca(5, input="photos-x")),
        *(NEW, "n_components 5 is more than 4, the smaller of 4 features"),
    ),
    "no components": (pca(n_components=0), f"{NEW}.options.n_components: 0 is not allowed"),
    "all variance": (pca(n_components=1.0), f"{NEW}.options.n_components: 1.0 is not allowed"),
    "power above 1": (at("transforms.patches.power", 2), "transforms.patches.power: 2 is not"),
    "block too large": (
        new_feature("hog", options={"pixels_per_cell": 16, "cells_per_block": 3}),
        *(NEW, "3 cells of 16 pixels does not fit into 32x32 pixels"),
    ),
    "pictures after vectors": (new_feature(input="photos-hog"), NEW, "needs pictures"),
    "vectors of pictures": (pca(input="photos-raw"), NEW, "pca", "needs vectors"),
    # datasets
    "no files": (at("datasets.photos.files", ""), "datasets.photos.files: '' is not allowed"),
    "files missing": (at("datasets.cifar10.files", ABSENT), "datasets.cifar10.files: this key"),
    "uneven share": (at(PER_BATCH, 505), f"{PER_BATCH}: 505 is not allowed", "multiple of 10"),
    "negative contrast": (at(CONTRAST, -1.0), f"{CONTRAST}: -1.0 is not allowed", "equal to 0"),
    "contrast above all": (at(CONTRAST, 128), f"{CONTRAST}: 128 is not allowed", "equal to 127.5"),
    "nan contrast": (at(CONTRAST, math.nan), f"{CONTRAST}: nan is not allowed", "equal to"),
    "text for contrast": (at(CONTRAST, "some"), f"{CONTRAST}: 'some' is not allowed", "number"),
    "null for contrast": (at(CONTRAST, None), f"{CONTRAST}: None is not allowed", "number"),
    "missing contrast": (at(CONTRAST, ABSENT), f"{CONTRAST}: this key is required"),
    "too few pictures": (at(PER_BATCH, 0), f"{PER_BATCH}: 0 is not allowed", "equal to 10"),
    "too many pictures": (at(PER_BATCH, 10_010), f"{PER_BATCH}: 10010 is not allowed", "10000"),
}
