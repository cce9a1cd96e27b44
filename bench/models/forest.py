"""A random forest as ONNX's TreeEnsembleRegressor: trees grown on made-up data as CART grows them, leaves with means."""
import json

import numpy as np
import onnx
from onnx import TensorProto, helper


class Forest:
    """Trees of full depth on `features` columns; same interface as Net of make.py."""

    def __init__(self, name, trees, depth, features, seed):
        self.name, self.features = name, features
        self.rng = np.random.default_rng([seed, sum(name.encode())])
        self.data = self.rng.normal(size=(4096, features)).astype(np.float32)
        self.truth = np.sin(self.data[:, 0] * 2) + self.data[:, 1] * self.data[:, 2] + 0.1 * self.rng.normal(size=4096)
        self.columns = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")}
        self.targets = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
        self.trees = trees
        for tree in range(trees):
            self._grow(tree, [0], self.rng.integers(0, 4096, 4096), depth)

    def _node(self, tree, number, **given):
        row = {"treeids": tree, "nodeids": number, "featureids": 0, "values": 0.0, "modes": "LEAF", "truenodeids": 0, "falsenodeids": 0}
        for key, value in {**row, **given}.items():
            self.columns[key].append(value)

    def _grow(self, tree, counter, rows, depth):
        """One node and what is below it; a third of the features is tried at their median."""
        number = counter[0]
        counter[0] += 1
        if depth == 0 or len(rows) < 2:
            self._node(tree, number)
            mean = self.truth[rows].mean() if len(rows) else 0.0
            for key, value in zip(("treeids", "nodeids", "ids", "weights"), (tree, number, 0, float(mean) / self.trees)):
                self.targets[key].append(value)
            return number
        best = None
        for feature in self.rng.choice(self.features, max(1, self.features // 3), replace=False):
            values = self.data[rows, feature]
            bound = float(np.float32((np.median(values) + self.rng.choice(values)) / 2))
            low = self.truth[rows[values <= bound]]
            high = self.truth[rows[values > bound]]
            loss = sum(part.var() * len(part) for part in (low, high) if len(part))
            if best is None or loss < best[0]:
                best = (loss, int(feature), bound)
        _, feature, bound = best
        at = len(self.columns["treeids"])
        self._node(tree, number, featureids=feature, values=bound, modes="BRANCH_LEQ")
        below = self.data[rows, feature] <= bound
        self.columns["truenodeids"][at] = self._grow(tree, counter, rows[below], depth - 1)
        self.columns["falsenodeids"][at] = self._grow(tree, counter, rows[~below], depth - 1)
        return number

    @property
    def nodes(self):
        return self.columns["treeids"]

    def num_parameters(self):
        return 2 * len(self.nodes)

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        attributes = {f"nodes_{key}": values for key, values in self.columns.items()}
        attributes.update({f"target_{key}": values for key, values in self.targets.items()})
        node = helper.make_node("TreeEnsembleRegressor", ["input"], ["output"], name="forest", domain="ai.onnx.ml",
                                n_targets=1, aggregate_function="SUM", post_transform="NONE", **attributes)
        graph = helper.make_graph([node], self.name, [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, self.features])],
                                  [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1])])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 1)],
                                  producer_name="mintmark-bench")
        model.ir_version = 8
        onnx.save(model, str(folder / "network.onnx"))
        samples = self.rng.normal(size=(16, self.features)).round(4)
        for name, rows in (("samples.json", samples), ("input.json", samples[:1])):
            (folder / name).write_text(json.dumps({"input_data": rows.tolist()}))
