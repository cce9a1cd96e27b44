#!/usr/bin/env python3
"""Classical models as scikit-learn, XGBoost and LightGBM users export them, against ONNX Runtime: compiled, proven, compared.

usage: VENV/bin/python test/onnx/classical.py [--only TEXT]      (make classical-models)

Each model is trained on random tables, exported by skl2onnx or onnxmltools (and through Hummingbird's tensor graphs where it can), quantised on the
training rows, and judged on held-out ones: labels must agree on all rows away from a tie, scores within 1 % of their range.
"""
import argparse
import collections
import json
import sys
import warnings

import numpy as np

from cases import LARGEST_ERROR, UNSUPPORTED, Folder, FloatRunner, Refused

warnings.filterwarnings("ignore")
ROWS, HELD_OUT, FEATURES = 400, 6, 6


def tables(seed):
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(0, 1, (ROWS, FEATURES)) * [1, 3, 0.5, 1, 10, 1], 3).astype(np.float32)
    score = x[:, 0] - 0.4 * x[:, 1] + np.sin(x[:, 2] * 3) + 0.1 * x[:, 4] + rng.normal(0, 0.2, ROWS)
    return x, (score > 0).astype(np.int64), np.digitize(score, [-1, 1]).astype(np.int64), score.astype(np.float32)


def estimators():
    """(name, estimator, target: 'two', 'many' or 'real')."""
    from sklearn import (cluster, decomposition, discriminant_analysis, ensemble, gaussian_process, linear_model, naive_bayes, neighbors,
                         neural_network, pipeline, preprocessing, svm, tree)
    def chain(*steps):
        return pipeline.make_pipeline(*steps)
    scale = preprocessing.StandardScaler
    for target in ("two", "many"):
        yield f"logistic {target}", linear_model.LogisticRegression(max_iter=500), target
        yield f"scaled logistic {target}", chain(scale(), linear_model.LogisticRegression()), target
        yield f"sgd {target}", chain(scale(), linear_model.SGDClassifier(loss="log_loss", random_state=1)), target
        yield f"perceptron {target}", chain(scale(), linear_model.Perceptron(random_state=1)), target
        yield f"ridge classifier {target}", linear_model.RidgeClassifier(), target
        yield f"tree {target}", tree.DecisionTreeClassifier(max_depth=5, random_state=1), target
        yield f"forest {target}", ensemble.RandomForestClassifier(12, max_depth=5, random_state=1), target
        yield f"extra trees {target}", ensemble.ExtraTreesClassifier(12, max_depth=5, random_state=1), target
        yield f"gradient boosting {target}", ensemble.GradientBoostingClassifier(n_estimators=12, max_depth=3, random_state=1), target
        yield f"hist boosting {target}", ensemble.HistGradientBoostingClassifier(max_iter=12, random_state=1), target
        yield f"ada boost {target}", ensemble.AdaBoostClassifier(n_estimators=8, random_state=1), target
        yield f"bagging {target}", ensemble.BaggingClassifier(n_estimators=5, random_state=1), target
        yield f"voting {target}", ensemble.VotingClassifier([("a", linear_model.LogisticRegression(max_iter=500)), ("b", tree.DecisionTreeClassifier(max_depth=4))],
                                                            voting="soft"), target
        yield f"stacking {target}", ensemble.StackingClassifier([("a", naive_bayes.GaussianNB()), ("b", tree.DecisionTreeClassifier(max_depth=4))]), target
        yield f"svc rbf {target}", chain(scale(), svm.SVC()), target
        yield f"svc rbf probability {target}", chain(scale(), svm.SVC(probability=True, random_state=1)), target
        yield f"svc linear {target}", chain(scale(), svm.SVC(kernel="linear")), target
        yield f"linear svc {target}", chain(scale(), svm.LinearSVC()), target
        yield f"gaussian nb {target}", naive_bayes.GaussianNB(), target
        yield f"bernoulli nb {target}", naive_bayes.BernoulliNB(), target
        yield f"knn {target}", chain(scale(), neighbors.KNeighborsClassifier(3)), target
        yield f"mlp {target}", chain(scale(), neural_network.MLPClassifier((16, 8), max_iter=200, random_state=1)), target
        yield f"lda {target}", discriminant_analysis.LinearDiscriminantAnalysis(), target
        yield f"qda {target}", discriminant_analysis.QuadraticDiscriminantAnalysis(), target
    target = "real"
    yield "linear", linear_model.LinearRegression(), target
    yield "lasso", linear_model.Lasso(0.01), target
    yield "bayesian ridge", linear_model.BayesianRidge(), target
    yield "huber", chain(scale(), linear_model.HuberRegressor()), target
    yield "poisson", chain(scale(), linear_model.PoissonRegressor()), "positive"
    yield "gamma", chain(scale(), linear_model.GammaRegressor()), "positive"
    yield "tree regressor", tree.DecisionTreeRegressor(max_depth=6, random_state=1), target
    yield "forest regressor", ensemble.RandomForestRegressor(12, max_depth=6, random_state=1), target
    yield "gradient boosting regressor", ensemble.GradientBoostingRegressor(n_estimators=15, random_state=1), target
    yield "hist boosting regressor", ensemble.HistGradientBoostingRegressor(max_iter=15), target
    yield "svr", chain(scale(), svm.SVR()), target
    yield "nu svr poly", chain(scale(), svm.NuSVR(kernel="poly", degree=2)), target
    yield "knn regressor", chain(scale(), neighbors.KNeighborsRegressor(4)), target
    yield "mlp regressor", chain(scale(), neural_network.MLPRegressor((16, 8), max_iter=200, random_state=1)), target
    yield "gaussian process", chain(scale(), gaussian_process.GaussianProcessRegressor(alpha=0.1)), target
    yield "polynomial", chain(scale(), preprocessing.PolynomialFeatures(2), linear_model.Ridge()), target
    yield "min max", chain(preprocessing.MinMaxScaler(), linear_model.Ridge()), target
    yield "robust", chain(preprocessing.RobustScaler(), linear_model.Ridge()), target
    yield "max abs, normalizer", chain(preprocessing.MaxAbsScaler(), preprocessing.Normalizer(), linear_model.Ridge()), target
    yield "power", chain(preprocessing.PowerTransformer(), linear_model.Ridge()), target
    yield "bins", chain(preprocessing.KBinsDiscretizer(4, encode="onehot-dense"), linear_model.Ridge()), target
    yield "quantile", chain(scale(), preprocessing.FunctionTransformer(), linear_model.QuantileRegressor(alpha=0.01)), target
    yield "pca", chain(scale(), decomposition.PCA(3), linear_model.Ridge()), target
    yield "truncated svd", chain(scale(), decomposition.TruncatedSVD(3), linear_model.Ridge()), target
    yield "k means", chain(scale(), cluster.KMeans(4, n_init=2, random_state=1)), "none"
    yield "isolation forest", ensemble.IsolationForest(n_estimators=10, random_state=1), "none"
    yield "one class svm", chain(scale(), svm.OneClassSVM()), "none"
    yield "ada boost regressor", ensemble.AdaBoostRegressor(n_estimators=6, random_state=1), target
    yield "voting regressor", ensemble.VotingRegressor([("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor(max_depth=4))]), target


def boosters():
    import lightgbm
    import xgboost
    for target in ("two", "many"):
        yield f"xgboost {target}", xgboost.XGBClassifier(n_estimators=12, max_depth=4), target
        yield f"lightgbm {target}", lightgbm.LGBMClassifier(n_estimators=12, num_leaves=12, verbose=-1), target
    yield "xgboost regressor", xgboost.XGBRegressor(n_estimators=15, max_depth=4), "real"
    yield "xgboost random forest", xgboost.XGBRFRegressor(n_estimators=10, max_depth=4), "real"
    yield "lightgbm regressor", lightgbm.LGBMRegressor(n_estimators=15, num_leaves=12, verbose=-1), "real"
    yield "lightgbm poisson", lightgbm.LGBMRegressor(objective="poisson", n_estimators=15, num_leaves=12, verbose=-1), "positive"


def to_onnx(name, fitted, through):
    from skl2onnx.common.data_types import FloatTensorType
    kind = [("input", FloatTensorType([1, FEATURES]))]
    if through == "hummingbird":
        import hummingbird.ml
        import torch
        module = hummingbird.ml.convert(fitted, "torch", np.zeros((1, FEATURES), np.float32)).model
        import io
        out = io.BytesIO()
        torch.onnx.export(module.eval(), torch.zeros(1, FEATURES), out, opset_version=13, dynamo=False, input_names=["input"])
        import onnx
        return onnx.load_from_string(out.getvalue())
    if "xgboost" in name:
        import onnxmltools
        return onnxmltools.convert_xgboost(fitted, initial_types=kind, target_opset=15)
    if "lightgbm" in name:
        import onnxmltools
        return onnxmltools.convert_lightgbm(fitted, initial_types=kind, target_opset=15, zipmap=False)
    import skl2onnx
    options = {id(fitted): {"zipmap": False}} if hasattr(fitted, "classes_") else None
    return skl2onnx.convert_sklearn(fitted, initial_types=kind, target_opset={"": 17, "ai.onnx.ml": 3}, options=options)


def compare(want, have):
    """(labels that differ, largest error of scores as a share of their range)."""
    if want.dtype.kind in "biu":
        return int(np.sum(want != have.round())), 0.0
    span = max(float(np.ptp(want)), float(np.max(np.abs(want))) / 10) or 1.0
    return 0, float(np.max(np.abs(want - have))) / span


def check(name, estimator, target, through, floats):
    import onnx
    x, two, many, real = tables(len(name))
    y = {"two": two, "many": many, "real": real, "positive": np.exp(real / 3) + 0.01, "none": None}[target]
    row = {"name": f"{name} ({through})", "status": "fail", "detail": ""}
    train, held_out = x[:-HELD_OUT], x[-HELD_OUT:]
    try:
        fitted = estimator.fit(train, None if y is None else y[:-HELD_OUT])
        model = to_onnx(name, fitted, through)
    except Exception as error:  # pylint: disable=broad-except
        return {**row, "status": "no export", "detail": f"{type(error).__name__}: {error}"[:150]}
    row["operators"] = "+".join(sorted({n.op_type for n in model.graph.node}))
    with Folder("classical") as folder:
        onnx.save(model, str(folder.path / "network.onnx"))
        source = model.graph.input[0].name
        try:
            expected = [[a for _, a in floats.run(folder.path / "network.onnx", {source: v[None]})] for v in held_out]
        except RuntimeError as error:
            return {**row, "status": "no oracle", "detail": str(error)[:150]}
        (folder.path / "samples.json").write_text(json.dumps({"samples": [[v.astype(float).tolist()] for v in train]}))
        try:
            report = folder.quantise("network.onnx", "samples.json")
            got = []
            for v in held_out:
                (folder.path / "input.json").write_text(json.dumps({"samples": [[v.astype(float).tolist()]]}))
                got.append(folder.run_integers("input.json"))
            row.update(folder.prove())
        except Refused as refused:
            row["detail"] = str(refused)
            row["status"] = "unsupported" if refused.code == UNSUPPORTED else "fail"
            return row
    wrong, worst = 0, 0.0
    for i, wanted in enumerate(zip(*expected)):
        labels, error = compare(np.stack([w.reshape(-1) for w in wanted]), np.stack([g[i] for g in got]))
        wrong, worst = wrong + labels, max(worst, error)
    row.update(wrong_labels=wrong, error=worst, reported=report["max_relative_error"])
    row["status"] = "pass" if wrong == 0 and worst <= LARGEST_ERROR else "imprecise"
    row["detail"] = f"{wrong} labels, {100 * worst:.2f} % (reported {100 * row['reported']:.2f} %)"
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    floats, counts = FloatRunner(), collections.Counter()
    for name, estimator, target in [*estimators(), *boosters()]:
        for through in ("export", "hummingbird"):
            if args.only not in f"{name} ({through})":
                continue
            try:
                row = check(name, estimator, target, through, floats)
            except Exception as error:  # pylint: disable=broad-except
                row = {"name": f"{name} ({through})", "status": "fail", "detail": f"{type(error).__name__}: {error}"[:200]}
            counts[row["status"]] += 1
            if row["status"] not in ("no export",):
                print(f"{row['status']:11} {row['name']:40} {row['detail'][:130]} {row.get('operators', '')[:70] if row['status'] != 'pass' else ''}", flush=True)
    floats.close()
    print(", ".join(f"{n} {status}" for status, n in counts.most_common()))
    return 1 if counts["fail"] else 0


if __name__ == "__main__":
    sys.exit(main())
