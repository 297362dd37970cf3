"""Diagnoses and repairs every set-up of Examples/troubles with many seeds, and counts.

Each file says its root cause in a line '# cause: NAME', 'none' for healthy ones. Counted are: causes
found, the first tensor that is not finite against what the guard of a training names on its own,
replays that repeat every bit, healthy set-ups called failing, and repairs that are healthy for every
seed of their own. Prints a table and writes it as Markdown.

    python3 Benchmarks/gauntlet.py .build/release/evenkeel --seeds 10 --markdown docs/gauntlet-table.md
"""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import subprocess
import sys
import time


# Causes that are no fault of numbers, and those of them that no change of the experiment cures.
NOT_NUMERICAL = {
    "none", "generalization", "data_shift", "unpredictable_targets", "capacity", "too_few_steps", "seed",
    "success_target"}
NOTHING_TO_REPAIR = {"none", "generalization", "data_shift", "unpredictable_targets"}


def run(arguments):
    """The JSON that the command prints, one line or a document; its status."""
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode == 2:
        raise RuntimeError(" ".join(arguments) + ": " + done.stderr.strip())
    return done.stdout, done.returncode


def cause_of(path):
    with open(path) as file:
        for line in file:
            if line.startswith("# cause:"):
                return line.split(":")[1].strip()
    raise RuntimeError(path + " does not tell its cause")


def first_refused(command, path, seed):
    """What the guard names in the first step of the last row of refused steps."""
    text, _ = run([command, "train", path, "--discard", "--json", "--seed", str(seed), "--threads", "1"])
    found = None
    for line in text.splitlines()[1:-1]:
        step = json.loads(line)
        if step["refused"] is None:
            found = None
        elif found is None:
            found = (step["step"], step["refused"]["place"], step["refused"]["tensor"])
    return found


def examine(job):
    command, path, seed, budget = job
    name = os.path.basename(path)[:-5]
    cause = cause_of(path)
    start = time.time()
    text, _ = run([command, "diagnose", path, "--json", "--seed", str(seed), "--threads", "1"])
    report = json.loads(text)
    root = report["root_cause"]
    result = {
        "name": name, "seed": seed, "cause": cause, "found": root["cause"] if root else "none",
        "proven": bool(root and root["proven"]),
        "numerical": bool(root and root["numerical"]), "identical": None, "first": None, "repaired": None,
        "random": None, "steps": None, "random_steps": None, "seconds": time.time() - start,
    }
    if report["replay"]:
        result["identical"] = report["replay"]["identical"]
    if report["first_non_finite"]:
        origin = report["first_non_finite"]
        told = first_refused(command, path, seed)
        # The guard looks at layers; the trace also sees what the loss hands back to the last of them.
        is_before = (origin["place"], origin["tensor"]) == ("cotangent", "loss")
        result["first"] = told is not None and told[0] == origin["step"] and (
            told[1:] == (origin["place"], origin["tensor"])
            or is_before and told[1] in ("cotangent", "gradient"))
        result["told"] = (told, origin["step"], origin["place"], origin["tensor"], origin["cause"])
    if budget and cause not in NOTHING_TO_REPAIR and root:
        text, status = run([
            command, "repair", path, "--json", "--seed", str(seed), "--threads", "1", "--budget", budget,
            "--compare-random"])
        repair = json.loads(text)
        result["repaired"] = status == 0 and repair["outcome"] == "repaired"
        result["steps"] = repair["steps"]
        if repair["random_choice"]:
            result["random"] = repair["random_choice"]["repaired"]
            result["random_steps"] = repair["random_choice"]["steps_to_repair"]
    return result


def share(values):
    values = list(values)
    return f"{sum(values)} of {len(values)}" + (
        f" ({100 * sum(values) / len(values):.1f} %)" if values else "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--folder", default="Examples/troubles")
    parser.add_argument("--pattern", default="*", help="names of files, separated by commas")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--no-repair", action="store_true")
    parser.add_argument("--budget", default="40000", help="steps, so that every machine counts the same")
    parser.add_argument("--markdown")
    parser.add_argument("--json")
    options = parser.parse_args()
    paths = sorted(
        path for pattern in options.pattern.split(",")
        for path in glob.glob(os.path.join(options.folder, pattern + ".yaml")))
    jobs = [
        (options.command, path, seed, None if options.no_repair else options.budget)
        for path in paths for seed in range(options.seeds)]
    results = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, result in enumerate(pool.map(examine, jobs)):
            results.append(result)
            if sys.stderr.isatty():
                print(f"\r{number + 1} of {len(jobs)}", end="", file=sys.stderr)
            is_wrong = result["found"] != result["cause"] or result["repaired"] is False \
                or result["first"] is False or result["identical"] is False
            if is_wrong:
                print({key: value for key, value in result.items() if value is not None}, flush=True)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file)
    failing = [r for r in results if r["cause"] != "none"]
    sound = [r for r in results if r["cause"] in NOT_NUMERICAL]
    healthy = [r for r in results if r["cause"] == "none"]
    broken = [r for r in failing if r["found"] != "none"]
    repaired = [r for r in failing if r["repaired"] is not None]
    random = [r for r in repaired if r["random"] is not None]
    rows = [
        ("set-ups that fail, runs", str(len(failing))),
        ("of these, found to fail", share(r["found"] != "none" for r in failing)),
        ("root cause right", share(r["found"] == r["cause"] for r in broken)),
        ("of these, proven by a healthy run", share(
            r["proven"] for r in broken if r["found"] == r["cause"])),
        ("first tensor that is not finite right", share(
            r["first"] for r in failing if r["first"] is not None)),
        ("replays with every bit the same", share(
            r["identical"] for r in failing if r["identical"] is not None)),
        ("healthy set-ups called failing", share(r["found"] != "none" for r in healthy)),
        ("healthy, impossible or short ones called a fault of numbers", share(
            r["numerical"] for r in sound)),
        ("repaired, for three seeds", share(r["repaired"] for r in repaired)),
        ("repaired by remedies chosen at random in as many steps", share(r["random"] for r in random)),
    ]
    by_cause = collections.defaultdict(list)
    for result in broken:
        by_cause[result["cause"]].append(result)
    table = ["| | |", "| --- | --- |"] + [f"| {name} | {value} |" for name, value in rows]
    table += ["", "| root cause | runs | right | repaired | taken for |", "| --- | --- | --- | --- | --- |"]
    for cause, own in sorted(by_cause.items()):
        wrong = collections.Counter(r["found"] for r in own if r["found"] != cause)
        others = ", ".join(f"{name} {count}" for name, count in wrong.most_common())
        fixed = [r["repaired"] for r in own if r["repaired"] is not None]
        table.append(
            f"| {cause} | {len(own)} | {sum(r['found'] == cause for r in own)} | "
            f"{sum(fixed)} of {len(fixed)} | {others} |")
    print("\n".join(table))
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write("\n".join(table) + "\n")


main()
