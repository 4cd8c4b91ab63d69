"""Figures kept as JSON, and the page made of them."""

import datetime
import json
import math
import platform
import re
import statistics
from pathlib import Path

from rows import BARS, DIRECT, DIRECT_BAR, ERROR_BAR, GROWTH, GROWTH_BAR, GROWTH_BATCHES, KNOWN, MODELS_GROUP, ONE_THREAD_MEAN, UNSEEN, every_row

SHORT = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "tensorflow": "TensorFlow", "torch": "PyTorch"}


class Kept:
    """The figures of rows, read from a file and written after each row, so that a run that is broken off loses nothing."""

    def __init__(self, path, writes):
        self.path, self.writes = path, writes
        self.data = json.loads(path.read_text()) if path.exists() else {"machine": {}, "rows": {}}

    def note_machine(self, facts):
        self.data["machine"] = {**facts, "date": datetime.date.today().isoformat()}

    def keep(self, row, figures):
        self.data["rows"][row.id] = figures
        if self.writes:
            self.path.write_text(json.dumps(self.data, indent=1) + "\n")

    def get(self, row):
        return self.data["rows"].get(row.id)


def processor():
    """The processor's name, its family and model, since a virtual machine's name tells neither, and its widest vectors."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        name, family, model = (re.search(rf"^{key}\s*: (.*)", text, re.MULTILINE).group(1) for key in ("model name", "cpu family", "model"))
    except (OSError, AttributeError):
        return platform.processor() or platform.machine()
    vectors = next((f", {words}" for flag, words in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if re.search(rf"\b{flag}\b", text)), "")
    return f"{name} (family {family}, model {model}{vectors})"


def peers(figures):
    return {name: value for name, value in figures["engines"].items() if name != "ours"}


def ratio(figures):
    """Ours against the fastest peer: the median over the rounds, and which peer that is."""
    others = peers(figures)
    if not others:
        return None, None
    fastest = min(others, key=lambda name: others[name]["seconds"])
    pairs = zip(others[fastest]["rounds"], figures["engines"]["ours"]["rounds"])
    return statistics.median(theirs / ours for theirs, ours in pairs), fastest


def time_text(seconds):
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def error_ratio(figures):
    """Our distance from float64 over ONNX Runtime's, in L2."""
    other = figures["engines"].get("onnxruntime")
    if not other or not other["error"]["l2"]:
        return None
    return figures["engines"]["ours"]["error"]["l2"] / other["error"]["l2"]


def line(row, figures):
    """A row for a person who waits."""
    if row.group == GROWTH:
        return f"{row.id:44} {time_text(figures['seconds'] / row.batch):>9} an image, {figures['memory'] / 2**20:.0f} MiB"
    if row.group == DIRECT:
        return "\n".join(f"{row.id:10} {found['problem']:44} {found['share_of_peak']:.1%} of peak" for found in figures["problems"])
    found, fastest = ratio(figures)
    words = [f"{row.id:44} ours {time_text(figures['engines']['ours']['seconds']):>8}"]
    words += [f"{name} {time_text(value['seconds']):>8}" for name, value in peers(figures).items()]
    if found:
        bar = f" (bar {row.bar})" if row.bar else ""
        words.append(f"{found:.2f} × {fastest}{bar}")
    error = error_ratio(figures)
    words.append(f"error {figures['engines']['ours']['error']['l2']:.1e}" + (f" = {error:.2f} × onnxruntime's" if error else ""))
    return "  ".join(words)


def geometric_mean(numbers):
    return math.exp(statistics.mean(map(math.log, numbers)))


def table(titles, rows):
    lines = ["| " + " | ".join(titles) + " |", "|" + "|".join([" --- "] + [" ---: "] * (len(titles) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def met(value, bar):
    return "" if bar is None else f"{bar:.1f} " + ("✓" if value >= bar else "**missed**")


def race(rows, kept, with_bar):
    """Ours, each peer, the ratio to the fastest and the error, for rows with one number of threads."""
    found, ratios = [], []
    for row in rows:
        figures = kept.get(row)
        if not figures:
            continue
        value, fastest = ratio(figures)
        if value:
            ratios.append(value)
        others = peers(figures)
        name = f"`{row.name}`" if ":" in row.name else f"{row.name}, batch {row.batch}"
        cells = [name, time_text(figures["engines"]["ours"]["seconds"])]
        for peer in SHORT:
            cell = time_text(others[peer]["seconds"]) if peer in others else "–"
            cells.append(f"**{cell}**" if peer == fastest else cell)
        cells.append(f"{value:.2f}" if value else "–")
        if with_bar:
            cells.append(met(value, row.bar) if value else "–")
        error = error_ratio(figures)
        cells.append(f"{figures['engines']['ours']['error']['l2']:.1e}" + (f" ({error:.2f})" if error else ""))
        found.append(cells)
    titles = ["", "ours", *SHORT.values(), "ratio", *(["bar"] if with_bar else []), "error (÷ ONNX Runtime's)"]
    return (table(titles, found) if found else "Not measured yet.\n"), ratios


def page(kept):
    """docs/BENCHMARKS.md."""
    rows, machine = list(every_row()), kept.data["machine"]
    measured = [figures for row in rows if (figures := kept.get(row))]
    versions = {}
    for figures in measured:
        for name, value in figures.get("engines", {}).items():
            versions[name] = value["version"]
    commits = list(dict.fromkeys(figures["commit"] for figures in measured))
    text = "# Benchmarks\n\nWritten by `make bench`; the figures are in [benchmarks.json](benchmarks.json). Seconds are medians of rounds in which every"
    text += " engine has a turn after the other, all warm; the ratio is the fastest peer's time (bold) over ours, the median of the rounds' own.\n"
    text += "Peers run in their better setting, through the cheapest call they have from Python; ours through the library.\n\n"
    text += f"* Machine: {machine.get('processor')}, {machine.get('cores', '?')} cores"
    if "peak_flops" in machine:
        text += f"; {machine['peak_flops_of_one'] / 1e9:.0f} GFLOP/s on one thread, {machine['peak_flops'] / 1e9:.0f} on {machine['threads']};"
        text += f" copies {machine['bandwidth_of_one'] / 1e9:.0f} and {machine['bandwidth'] / 1e9:.0f} GB/s (read and written bytes), as measured in the same run"
    text += "\n* Versions: " + ", ".join(f"{SHORT[name]} {versions[name]}" for name in SHORT if name in versions)
    text += f"\n* Commit: {', '.join(commits)}; {machine.get('date')}\n"
    if any(figures["quick"] for figures in measured):
        text += "* Some rows are of a quick run: two short rounds.\n"
    for threads, title in ((2, "Models, two threads"), (1, "Models, one thread")):
        body, ratios = race([row for row in rows if row.group == MODELS_GROUP and row.threads == threads], kept, True)
        text += f"\n## {title}\n{body}"
        if ratios:
            mean = geometric_mean(ratios)
            text += f"\nGeometric mean {mean:.2f}" + (f", bar {met(mean, ONE_THREAD_MEAN)}" if threads == 1 else "") + ".\n"
    text += f"\nThe error is the distance from the same model in float64 in L2, relative; its bar is {ERROR_BAR:.0f} times ONNX Runtime's own.\n"
    text += "\n## Time per image as the batch grows, two threads\n" + growth(rows, kept)
    text += "\n## Direct convolution: share of the measured peak\n" + direct(rows, kept)
    for group, title in ((UNSEEN, "Convolutions no kernel was tuned for, two threads"), (KNOWN, "Convolutions the kernels were designed with, two threads")):
        body, ratios = race([row for row in rows if row.group == group], kept, False)
        text += f"\n## {title}\n{body}" + (f"\nGeometric mean {geometric_mean(ratios):.2f}.\n" if ratios else "")
    return text


def growth(rows, kept):
    found = []
    for name in BARS:
        mine = {row.batch: figures for row in rows if row.group == GROWTH and row.name == name and (figures := kept.get(row))}
        if GROWTH_BATCHES[0] not in mine:
            continue
        first = mine[GROWTH_BATCHES[0]]["seconds"] / GROWTH_BATCHES[0]
        cells = [time_text(mine[b]["seconds"] / b) if b in mine else "–" for b in GROWTH_BATCHES]
        worst = max(figures["seconds"] / batch / first for batch, figures in mine.items())
        memory = ", ".join(f"{mine[b]['memory'] / 2**20:.0f}" for b in GROWTH_BATCHES if b in mine)
        found.append([name, *cells, f"{worst:.2f}", f"{GROWTH_BAR} " + ("✓" if worst <= GROWTH_BAR else "**missed**"), memory])
    titles = ["", *(f"batch {b}" for b in GROWTH_BATCHES), "worst ÷ first", "bar", "most memory held, MiB"]
    return table(titles, found) if found else "Not measured yet.\n"


def is_compute_bound(found):
    """Whether its sums alone would take more than twice the time of moving its numbers alone."""
    return found["share_of_peak"] > 2 * found["share_of_bandwidth"]


def direct(rows, kept):
    measured = {row.threads: kept.get(row) for row in rows if row.group == DIRECT and kept.get(row)}
    if not measured:
        return "Not measured yet.\n"
    lines = {}
    for threads, figures in measured.items():
        for found in figures["problems"]:
            verdict = ("✓" if found["share_of_peak"] >= DIRECT_BAR else "**missed**") if is_compute_bound(found) else "moves more than it sums"
            lines.setdefault(found["problem"], {})[threads] = f"{found['share_of_peak']:.0%} {verdict}"
    titles = ["", *(f"{threads} thread{'s' if threads > 1 else ''}, bar {DIRECT_BAR:.0%}" for threads in sorted(measured))]
    return table(titles, [[f"`{name}`", *(cells.get(threads, "–") for threads in sorted(measured))] for name, cells in lines.items()])
