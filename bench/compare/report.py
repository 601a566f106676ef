"""The page docs/performance.md from what run.py measured. Nothing here measures; tests call it on made-up results."""

import statistics

NAMES = {"17,6,256,256": "HalfCheetah: 17, 6, 256, 256", "348,17,256,256": "Humanoid: 348, 17, 256, 256"}
TASKS = {"pendulum": "Pendulum-v1, 64-64, batch 100", "halfcheetah": "HalfCheetah-v5, 256-256, batch 256"}
# What a ratio below this means nothing of, on machines that others share.
MARGIN = 0.05


def spread(values, digits):
    """'median (least to most)'."""
    middle, low, high = (f"{v:.{digits}f}" for v in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})"


def quiet_rounds(rounds):
    """Rounds in which the peak stood within 10 % of the best; all of them if fewer than half did."""
    best = max(r["softac"]["peak_gflops"] for r in rounds)
    quiet = [r for r in rounds if r["softac"]["peak_gflops"] >= 0.9 * best and not r["softac"]["bad_spell"]]
    return (quiet, False) if 2 * len(quiet) >= len(rounds) else (rounds, True)


def update_rows(measurement):
    """(name, ms of the rounds, ratios to softac of the same rounds) of every learner, softac first."""
    rounds, _ = quiet_rounds(measurement["rounds"])
    rows = [("softac", [r["softac"]["ms"] for r in rounds], None)]
    for name in measurement["rounds"][0]["peers"]:
        pairs = [(r["peers"][name], r["softac"]["ms"]) for r in rounds if name in r["peers"]]
        if pairs:
            rows.append((name, [ms for ms, _ in pairs], [ms / own for ms, own in pairs]))
    return rows


def of_commit(measurement, commit):
    """', at commit X' for what was measured with another build than the rest of the page."""
    own = measurement.get("commit", commit)
    return "" if own == commit or commit is None else f", at commit {own[:10]}"


def update_table(measurement, commit=None):
    rounds, bad = quiet_rounds(measurement["rounds"])
    threads = measurement["threads"]
    lines = [
        f"{NAMES.get(measurement['shape'], measurement['shape'])} (O, A, hidden, B), {threads} "
        f"thread{'s' * (threads > 1)}, "
        + (
            "**a bad spell: other work disturbed most rounds, all are used**"
            if bad
            else f"{len(rounds)} quiet rounds of {len(measurement['rounds'])}"
        )
        + f"; softac at {statistics.median(r['softac']['fraction_of_peak'] for r in rounds):.2f} of a peak of "
        f"{statistics.median(r['softac']['peak_gflops'] for r in rounds):.0f} GFLOP/s{of_commit(measurement, commit)}:",
        "",
        "| learner | ms per update | times softac's |",
        "|---|---|---|",
    ]
    for name, ms, ratios in update_rows(measurement):
        lines.append(f"| {name} | {spread(ms, 2)} | {spread(ratios, 2) if ratios else ''} |")
    return lines


def training_rows(measurement):
    """(name, seconds, ms per step, ratios of ms per step, returns) of every learner."""
    runs, rows = measurement["runs"], []
    for name in dict.fromkeys(name for run in runs for name in run):
        own = [run for run in runs if name in run and "softac" in run]
        if not own:
            continue
        rows.append(
            (
                name,
                [run[name]["sec"] for run in own],
                [run[name]["ms_per_step"] for run in own],
                [run[name]["ms_per_step"] / run["softac"]["ms_per_step"] for run in own],
                [run[name]["return"] for run in own],
            )
        )
    return rows


def training_table(measurement, commit=None):
    threads, count = measurement["threads"], len(measurement["runs"])
    lines = [
        f"{TASKS.get(measurement['task'], measurement['task'])}, {measurement['steps']:,} steps, {threads} "
        f"thread{'s' * (threads > 1)}, {count} round{'s' * (count > 1)}{of_commit(measurement, commit)}:",
        "",
        "| learner | s in all | ms per step | times softac's | return |",
        "|---|---|---|---|---|",
    ]
    for name, sec, ms, ratios, returns in training_rows(measurement):
        known = [r for r in returns if r is not None]
        lines.append(
            f"| {name} | {statistics.median(sec):.1f} | {statistics.median(ms):.3f} | "
            f"{'' if name == 'softac' else spread(ratios, 2) if count > 1 else format(ratios[0], '.2f')} | "
            f"{format(statistics.median(known), '.0f') if known else '–'} |"
        )
    return lines


def verdicts(results):
    """Sentences: where a peer wins or comes within the margin, else that none does."""
    found = []
    for measurement in results["updates"]:
        for name, _, ratios in update_rows(measurement)[1:]:
            if statistics.median(ratios) < 1 + MARGIN:
                found.append(
                    (
                        name,
                        f"one update at {measurement['shape']}, {measurement['threads']} thread(s)",
                        statistics.median(ratios),
                    )
                )
    for measurement in results["training"]:
        for name, _, _, ratios, _ in training_rows(measurement)[1:]:
            if statistics.median(ratios) < 1 + MARGIN:
                found.append(
                    (name, f"{measurement['task']}, {measurement['threads']} thread(s)", statistics.median(ratios))
                )
    lines = [f"- {where}: {name} takes {ratio:.2f} times softac's time." for name, where, ratio in found]
    for product in (results["own"] or {}).get("gemm", {}).get("products", []):
        for name, rate in product["others"].items():
            if rate and rate > (1 + MARGIN) * product["gflops"]:
                lines.append(
                    f"- the product {product['product']} of {product['rows']} × {product['in']} × "
                    f"{product['out']} alone: {name} "
                    f"{rate:.0f}, softac {product['gflops']:.0f} GFLOP/s. softac keeps one order of every sum "
                    f"and one layout "
                    "for all products of a layer; a library may split sums and pack as it likes."
                )
    return lines or ["None of the measurements of this page."]


def own_section(own, figure, commit):
    lines = [
        "## Close to the machine's limit",
        "",
        f"One thread{of_commit(own, commit)}, `softac bench update`: medians of rounds between two probes of the "
        "multiply-add peak of the same registers. Operations are counted as if the zeros that ReLU leaves were "
        "multiplied; they are left out, so more than the peak is possible. The networks are new: about half of each "
        "hidden layer is zero. Training makes it more.",
        "",
        "| backend | O, A, hidden, B | ms | GFLOP/s | peak | fraction (least to most) | quiet rounds |",
        "|---|---|---|---|---|---|---|",
    ]

    def shape(s):
        return f"{s['obs_dim']}, {s['act_dim']}, {s['hidden']}, {s['batch_size']}"

    def quiet(u):
        return f"{u['rounds'] - u['disturbed_rounds']} of {u['rounds']}" + (
            " (**bad spell**)" if u["bad_spell"] else ""
        )

    for u in own["updates"]:
        lines.append(
            f"| {u['backend']} | {shape(u['shape'])} | {u['ms_per_update']:.2f} | {u['gflops']:.1f} | "
            f"{u['peak_gflops']:.1f} | "
            f"{u['fraction_of_peak']:.3f} ({u['fraction_of_peak_min']:.3f} to {u['fraction_of_peak_max']:.3f}) "
            f"| {quiet(u)} |"
        )
    first = own["updates"][0]
    memory = first["memory_gb_per_sec"]
    lines += [
        "",
        f"Memory in the same run: read {memory['read']:.0f}, copy {memory['copy']:.0f}, triad "
        f"{memory['triad']:.0f} GB/s. By "
        f"phase ({first['backend']}, {shape(first['shape'])}):",
        "",
        "| phase | ms | share | GFLOP/s | of the peak |",
        "|---|---|---|---|---|",
    ]
    for name, p in first["phases"].items():
        speed = (
            f"{p['gflops']:.1f} | {p['fraction_of_peak']:.3f}"
            if "gflops" in p
            else f"{p['gb_per_sec']:.0f} GB/s | " if "gb_per_sec" in p else " | "
        )
        lines.append(f"| {name} | {p['ms']:.3f} | {100 * p['share']:.1f} % | {speed} |")
    lines += [
        "",
        f"Acting: {first['acting']['us_batch_1']:.1f} µs for one observation, "
        f"{first['acting']['us_batch_n']:.1f} µs for "
        f"{first['acting']['n_envs']} at once. Between updates, from a million transitions:",
        "",
    ]
    for runs in own["replay"]:
        share = spread([100 * r["share_of_update"] for r in runs], 1)
        lines.append(
            f"- O = {runs[0]['obs_dim']}, A = {runs[0]['act_dim']}: a batch in "
            f"{spread([r['sample_us'] for r in runs], 0)} µs and its noise in "
            f"{spread([r['noise_us'] for r in runs], 0)} µs, {share} % of an update; {len(runs)} processes."
        )
    for u in own["threads"]:
        s = u["scaling"]
        lines += [
            "",
            f"{u['threads']} threads: {s['speedup']['median']:.2f} times one thread; a probe that shares nothing "
            f"{s['probe_speedup']['median']:.2f} times; parallel efficiency {s['parallel_efficiency']['median']:.2f} "
            f"({s['parallel_efficiency']['min']:.2f} to {s['parallel_efficiency']['max']:.2f}), quiet rounds "
            f"{quiet(u)}.",
        ]
    gemm = own["gemm"]
    names = list(gemm["libraries"])
    lines += [
        "",
        "## Matrix products alone",
        "",
        f"`softac bench gemm`, one thread, GFLOP/s ({gemm['backend']}). softac's include bias and ReLU, ReLU's "
        f"mask, the bias's gradient. Where only a share of the left factor is not zero (after ReLU: half at first, less as "
        f"training goes on), softac leaves the zeros out; operations are counted as if it did not. "
        f"Quiet rounds {quiet(gemm)}.",
        "",
        f"| product | rows × in × out | not zero | softac | of the peak | {' | '.join(names)} |",
        "|---|---|---|---|---|" + "---|" * len(names),
    ]
    for p in gemm["products"]:
        others = " | ".join(f"{p['others'][n]:.0f}" if p["others"][n] else "–" for n in names)
        lines.append(
            f"| {p['product']} | {p['rows']} × {p['in']} × {p['out']} | {100 * p['nonzero']:.0f} % | {p['gflops']:.0f} | "
            f"{p['fraction_of_peak']:.2f} | {others} |"
        )
    lines += [
        "",
        "; ".join(f"{name}: {version}" for name, version in gemm["libraries"].items()) + ".",
        "",
        "## Growth of cost",
        "",
        f"`softac bench scale`: cost = c · size^p; beside p the exponent of the counted operations. Quiet "
        f"rounds {quiet(own['scale'])}.",
        "",
        "| size | from | to | exponent p | of the operations |",
        "|---|---|---|---|---|",
    ]
    for axis in own["scale"]["axes"]:
        a, b = axis["points"][0], axis["points"][-1]
        counted = "–" if axis["flop_exponent"] is None else f"{axis['flop_exponent']:.2f}"
        lines.append(
            f"| {axis['axis']} | {a['value']:,.0f}: {a['time']:.3g} {axis['unit'].replace('us', 'µs')} | "
            f"{b['value']:,.0f}: "
            f"{b['time']:.3g} {axis['unit'].replace('us', 'µs')} | {axis['exponent']:.2f} ± "
            f"{axis['exponent_error']:.2f} | {counted} |"
        )
    return lines + (["", f"![Growth of cost]({figure})"] if figure else [])


def page(results, stem, figure):
    info, versions = results["softac"], ", ".join(f"{name} {v}" for name, v in sorted(results["versions"].items()))
    lines = [
        "# Performance",
        "",
        "Made by `bench/compare/run.py`, which installs the peers and measures everything again; the numbers of "
        "every round are in "
        f"[{stem}.json]({stem}.json).",
        "",
        f"{results['date']}, softac {info['version']} at commit {info['commit'][:10] or 'unknown'}, "
        f"{info['compiler']}, {results['cpu']}, "
        f"backend {info['backend']}" + (f"; {versions}" if versions else "") + ".",
        "",
    ]
    if results["quick"]:
        lines += [
            "**A short trial (`--quick`): a few rounds, short training runs, and a machine that other work shared.**",
            "",
        ]
    lines += [
        "On a machine that others share, differences under 15 % mean little: peers are measured in turn on the "
        "same cores "
        "(`taskset`), with as many threads as cores, and ratios are taken between neighbours of the same "
        "round. Figures are "
        "medians with the least and the most.",
        "",
        "## One update beside the peers",
        "",
        "Both critics, actor, temperature, targets; float32; two hidden layers; the sampling of the batch from "
        "a filled replay "
        "included (but for plain PyTorch, whose batch is always the same). RLtools also chooses one action per "
        "update. The networks are new: half of each hidden layer is zero, which softac leaves out; the training below has "
        "more zeros.",
        "",
    ]
    for measurement in results["updates"]:
        lines += [*update_table(measurement, info["commit"]), ""]
    if results["training"]:
        lines += [
            "## End to end",
            "",
            "Training from nothing: 100 random steps, then an update after every step, no evaluations. `s in "
            "all` has everything in it "
            "but the loading of libraries (softac's is its whole process), `ms per step` leaves out the first "
            "updates, in which "
            "SBX compiles. RLtools' Pendulum is its own in C++, its HalfCheetah Gymnasium's; it reports no return.",
            "",
        ]
        for measurement in results["training"]:
            lines += [*training_table(measurement, info["commit"]), ""]
    lines += ["## Where a peer wins", "", *verdicts(results), ""]
    if results["failures"]:
        lines += [
            "## What could not run",
            "",
            *(f"- {name}: {reason}" for name, reason in results["failures"].items()),
            "",
        ]
    if results["own"]:
        lines += [*own_section(results["own"], figure, info["commit"]), ""]
    return "\n".join(lines)
