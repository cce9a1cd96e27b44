"""The report's rows as a table on the terminal and as docs/conformance.md."""
import collections

KINDS = (("broken", "broken graphs"), ("node", "ONNX node tests"), ("example", "ezkl's examples"))


def by_operator(rows):
    table = collections.OrderedDict()
    for row in sorted(rows, key=lambda r: (r["operator"], r["name"])):
        entry = table.setdefault(row["operator"], {"pass": 0, "unsupported": 0, "fail": 0, "proofs": 0, "reasons": []})
        entry[row["status"]] += 1
        entry["proofs"] += "prove_s" in row
        if row["status"] != "pass" and row["detail"] not in entry["reasons"]:
            entry["reasons"].append(row["detail"])
    return table


def of_kind(rows, kind):
    return [row for row in rows if row["kind"] == kind]


def summary(rows):
    lines = []
    for kind, title in KINDS:
        mine = of_kind(rows, kind)
        if mine:
            counts = collections.Counter(row["status"] for row in mine)
            lines.append(f"{title:18} {counts['pass']:4} pass {counts['unsupported']:4} unsupported {counts['fail']:4} fail")
    nodes = by_operator(of_kind(rows, "node"))
    if nodes:
        full = sum(e["pass"] > 0 and not e["unsupported"] and not e["fail"] for e in nodes.values())
        some = sum(e["pass"] > 0 for e in nodes.values())
        lines.append(f"operators: {full} with all their node tests, {some - full} with a part, {len(nodes) - some} with none, of {len(nodes)}")
        lines.append(f"{'operator':32} {'pass':>4} {'unsup':>5} {'fail':>4} {'proof':>5}  first reason")
        for operator, e in nodes.items():
            reason = e["reasons"][0][:90] if e["reasons"] else ""
            lines.append(f"{operator[:32]:32} {e['pass']:4} {e['unsupported']:5} {e['fail']:4} {e['proofs']:5}  {reason}")
    for row in of_kind(rows, "example"):
        figures = f"{row['prove_s']:.2f} s, {row['gas'] or 0:,} gas, " if "gas" in row else ""
        error = f"error {100 * row['error']:.3f} %" if "error" in row else ""
        lines.append(f"{row['name']:22} {row['status']:11} {figures}{error} {row['detail'][:110]}")
    return "\n".join(lines)


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")[:160]


def markdown(rows):
    out = ["# Conformance with ONNX", "",
           "Written by `make conformance` (`test/onnx/run.py --page`); do not edit. The integer executor runs each node test of the `onnx` package "
           "(Debian's 1.12) and must stay within 1 % of the expected output's range (exactly equal for integers, booleans, indices and rounding; at most one apart for QLinear*, QuantizeLinear and DynamicQuantizeLinear, which round products with real scales); the circuit is "
           "checked on the same run (`zk mock`), and one case of each operator is proven and verified. A node test feeds every operand as an input; where "
           "weights, indices or shapes must be constants they are fixed as initialisers.", ""]
    for kind, title in KINDS:
        mine = of_kind(rows, kind)
        counts = collections.Counter(row["status"] for row in mine)
        out.append(f"- {title}: {counts['pass']} pass, {counts['unsupported']} unsupported, {counts['fail']} fail")
    out += ["", "## Operators", "", "| operator | pass | unsupported | fail | proven | why not |", "| --- | --: | --: | --: | --- | --- |"]
    for operator, e in by_operator(of_kind(rows, "node")).items():
        out.append(f"| {operator} | {e['pass']} | {e['unsupported']} | {e['fail']} | {'yes' if e['proofs'] else 'no'} | {cell('; '.join(e['reasons']))} |")
    out += ["", "## ezkl's examples", "",
            "Errors are of the float output's range in ONNX Runtime; gas is a whole transaction to the universal verifier, without settlement.", "",
            "| model | result | error | gas | why not |", "| --- | --- | --: | --: | --- |"]
    for row in sorted(of_kind(rows, "example"), key=lambda r: r["name"]):
        error = f"{100 * row['error']:.3f} %" if row.get("error", float("inf")) < 1e9 else ""
        gas = f"{row['gas']:,}" if row.get("gas") else ""
        out.append(f"| {row['name']} | {row['status']} | {error} | {gas} | {cell(row['detail'])} |")
    out += ["", "## Broken graphs", "", "| graph | result | what the program says |", "| --- | --- | --- |"]
    for row in of_kind(rows, "broken"):
        out.append(f"| {row['name'].replace('_', ' ')} | {row['status']} | {cell(row['detail'])} |")
    return "\n".join(out) + "\n"
