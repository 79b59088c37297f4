#!/usr/bin/env python3
"""Makes tests/golden/metrics/metrics.json: small evaluations, and what scikit-learn and SciPy say of them.

usage: make_golden_metrics.py OUTPUT_FILE
Needs scikit-learn, scipy and numpy; their versions go into the file. NaN is written as null. Labels of
-100 are taken out before scikit-learn sees them, as transformers' examples do.
"""
import json
import math
import sys
import warnings

import numpy
import scipy
import sklearn
from scipy import special, stats
from sklearn import metrics

AVERAGES = ["micro", "macro", "weighted"]


def scores(truth, predicted, **options):
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, predicted, zero_division=0, **options)
    return {"precision": precision, "recall": recall, "f1": f1}


def classification(name, labels, predictions=None, logits=None, num_classes=None):
    """One case. num_classes: also the averages over all classes, those that never occur included."""
    labels = numpy.asarray(labels)
    predicted = numpy.asarray(predictions) if logits is None else numpy.asarray(logits).argmax(-1)
    counted = labels != -100
    y, p = labels[counted], predicted[counted]
    size = num_classes or int(max(y.max(), p.max())) + 1
    expected = {
        "accuracy": metrics.accuracy_score(y, p),
        "matthews_correlation": metrics.matthews_corrcoef(y, p),
        "confusion_matrix": metrics.confusion_matrix(y, p, labels=range(size)),
        **{average: scores(y, p, average=average) for average in AVERAGES},
    }
    if set(y) | set(p) <= {0, 1}:
        expected["binary"] = scores(y, p, average="binary")
    if num_classes:
        expected["over_all_classes"] = {
            average: scores(y, p, average=average, labels=range(num_classes)) for average in AVERAGES}
    case = {"name": name, "labels": labels, "expected": expected}
    if num_classes:
        case["num_classes"] = num_classes
    case.update({"predictions": predicted} if logits is None else {"logits": logits})
    return case


def classifications(random):
    noisy = random.integers(0, 2, 40)
    tokens = random.integers(0, 5, (7, 6))
    token_logits = random.normal(size=(7, 6, 5)).round(3)
    for row, length in enumerate([6, 3, 0, 1, 5, 6, 2]):
        tokens[row, length:] = -100
        token_logits[row, length:] = -100
    padded = numpy.where(tokens == -100, -100, random.integers(0, 5, tokens.shape))
    return [
        classification("binary", noisy, numpy.where(random.random(40) < 0.3, 1 - noisy, noisy)),
        classification("binary, all right", [0, 1, 1, 0], [0, 1, 1, 0]),
        classification("binary, all wrong", [0, 1, 1, 0], [1, 0, 0, 1]),
        classification("binary, never predicted", [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]),
        classification("binary, no positive at all", [0, 0, 0], [0, 0, 0]),
        classification("multiclass logits", random.integers(0, 4, 33), logits=random.normal(size=(33, 4)).round(3)),
        classification("multiclass, class 2 never predicted", [0, 1, 2, 2, 3, 3, 1, 0, 3], [0, 1, 3, 1, 3, 0, 1, 0, 3]),
        classification("multiclass, class 3 never a label", [0, 1, 2, 2, 1, 0, 0], [3, 1, 2, 3, 1, 0, 2]),
        classification("multiclass, classes 1 and 5 absent", [0, 2, 3, 4, 4, 3, 2], [0, 2, 4, 4, 4, 3, 0], num_classes=6),
        classification("multiclass, one constant prediction", [0, 1, 2, 1, 2], [1, 1, 1, 1, 1]),
        classification("multiclass, one constant label", [1, 1, 1, 1], [0, 1, 2, 1]),
        classification("token logits with padding", tokens, logits=token_logits),
        classification("token ids with padding", tokens, padded, num_classes=5),
    ]


def correlation(function, x, y):
    return float(function(x, y).statistic) if len(x) > 1 else math.nan


def regression(name, labels, predictions):
    labels = numpy.asarray(labels, dtype=float)
    predictions = numpy.asarray(predictions, dtype=float)
    y, p = labels.reshape(-1), predictions.reshape(-1)
    return {"name": name, "labels": labels, "predictions": predictions, "expected": {
        "mse": metrics.mean_squared_error(y, p),
        "rmse": metrics.root_mean_squared_error(y, p),
        "mae": metrics.mean_absolute_error(y, p),
        "r2": metrics.r2_score(y, p),
        "pearsonr": correlation(stats.pearsonr, p, y),
        "spearmanr": correlation(stats.spearmanr, p, y),
    }}


def regressions(random):
    truth = random.normal(size=37).round(4)
    scores_of_five = (random.random(30) * 5).round(0)
    return [
        regression("noisy", truth, (truth + random.normal(size=37) / 2).round(4)),
        regression("one column", truth[:9, None], (truth[:9, None] * 2 - 1).round(4)),
        regression("ties on both sides", scores_of_five, (scores_of_five + random.normal(size=30)).round(0)),
        regression("large offset", (truth + 4096).round(4), (truth * 0.5 + 4096 + random.normal(size=37) / 9).round(4)),
        regression("all equal", truth, truth),
        regression("falling", [1, 2, 3, 4], [8, 6, 5, 1]),
        regression("constant prediction", [1, 2, 3, 4], [0.1, 0.1, 0.1, 0.1]),
        regression("constant labels", [2, 2, 2], [1, 2, 3]),
        regression("constant and right", [2, 2, 2], [2, 2, 2]),
        regression("a single sample", [2], [3]),
    ]


def perplexity(name, logits, labels, causal_shift=False):
    kept, wanted = (logits[:, :-1], labels[:, 1:]) if causal_shift else (logits, labels)
    log_probabilities = special.log_softmax(kept, axis=-1)
    counted = wanted != -100
    chosen = numpy.take_along_axis(log_probabilities, numpy.where(counted, wanted, 0)[..., None], -1)[..., 0]
    return {"name": name, "logits": logits, "labels": labels, "causal_shift": causal_shift,
            "expected": math.exp(-chosen[counted].mean())}


def perplexities(random):
    logits = (random.normal(size=(6, 5, 7)) * 3).round(3)
    labels = random.integers(0, 7, (6, 5))
    padded = labels.copy()
    for row, length in enumerate([5, 2, 0, 1, 4, 3]):
        padded[row, length:] = -100
    return [
        perplexity("every token", logits, labels),
        perplexity("padding", logits, padded),
        perplexity("causal", logits, labels, causal_shift=True),
        perplexity("causal with padding", logits, padded, causal_shift=True),
        perplexity("one label a sample", logits[:, 0], labels[:, 0]),
        perplexity("large logits", logits + 1000, labels),
        perplexity("uniform", numpy.zeros((2, 3, 7)), labels[:2, :3]),
    ]


def plain(value):
    """What json can write, with null for NaN."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, numpy.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, numpy.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def main():
    warnings.simplefilter("ignore")  # scikit-learn and SciPy warn of each ill-defined case that we ask for
    random = numpy.random.default_rng(7)
    result = {
        "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "numpy": numpy.__version__},
        "classification": classifications(random),
        "regression": regressions(random),
        "perplexity": perplexities(random),
    }
    with open(sys.argv[1], "w") as file:
        json.dump(plain(result), file, allow_nan=False, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
