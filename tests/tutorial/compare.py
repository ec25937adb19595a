#!/usr/bin/env python3
"""Holds the tutorial's nine fields, as GET /containers has them, against what docker-py reports for the same containers.

The engine is asked before and after the service: what can change between the two (counters, processes, the status text)
must lie between the two readings. A container that differs is read again, a few times, so that a process that lives for
a moment between two readings is no difference. Ends with 1 and the differences, or 0 and what was compared.

  compare.py --service http://127.0.0.1:8080 --engine unix:///var/run/docker.sock --label containerapi.demo
"""

import argparse
import datetime
import json
import re
import sys
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import docker

ATTEMPTS = 4
COUNTERS = {
    "rxBytes": "rx_bytes", "rxPackets": "rx_packets", "rxErrors": "rx_errors", "rxDropped": "rx_dropped",
    "txBytes": "tx_bytes", "txPackets": "tx_packets", "txErrors": "tx_errors", "txDropped": "tx_dropped",
}


def read_with_docker_py(endpoint, listed):
    """One container as the tutorial's loop reads it."""
    client = docker.APIClient(base_url=endpoint, version="auto", timeout=60)
    container_id = listed["Id"]
    reading = {"container": listed, "inspect": client.inspect_container(container_id), "top": {}, "stats": {}}
    if listed["Status"].startswith("Up"):
        # The columns of the tutorial's `top`, without arguments: UID PID PPID C STIME TTY TIME CMD.
        reading["top"] = client.top(container_id)
        reading["stats"] = client.stats(container_id, stream=False)
    client.close()
    return reading


def read_engine(endpoint, label):
    client = docker.APIClient(base_url=endpoint, version="auto", timeout=60)
    listed = client.containers(all=True, filters={"label": label} if label else None)
    client.close()
    # Statistics take the engine one to two seconds per container; asked at once, they take that together.
    with ThreadPoolExecutor(max_workers=32) as pool:
        readings = pool.map(lambda c: read_with_docker_py(endpoint, c), listed)
    return {reading["container"]["Id"]: reading for reading in readings}


def read_service(address, label):
    query = {"all": "true"}
    if label:
        query["label"] = label
    # The address is this machine's: a proxy from the environment has no part in it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{address}/containers?{urllib.parse.urlencode(query)}", timeout=60) as answer:
        return {item["id"]: item for item in json.load(answer)["items"]}


def seconds(text):
    """RFC 3339 in UTC as Unix time in whole seconds; this Python reads no more than six digits of a fraction."""
    head = text.rstrip("Z").split(".")[0]
    moment = datetime.datetime.strptime(head, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp())


def cpu_seconds(text):
    """ps's TIME, [[days-]hours:]minutes:seconds, in seconds."""
    days, _, clock = text.rpartition("-")
    total = 0
    for part in clock.split(":"):
        total = total * 60 + int(part)
    return total + int(days or 0) * 86400


def processes_of(top):
    """pid → (parent, user, command, CPU seconds)."""
    if not top:
        return {}
    column = {title: n for n, title in enumerate(top["Titles"])}
    return {
        int(row[column["PID"]]): (int(row[column["PPID"]]), row[column["UID"]], row[column["CMD"]], cpu_seconds(row[column["TIME"]]))
        for row in top["Processes"]
    }


def addresses_of(inspect):
    return {
        name: tuple(network.get(key) or None for key in ("IPAddress", "GlobalIPv6Address", "Gateway", "MacAddress"))
        for name, network in inspect["NetworkSettings"]["Networks"].items()
    }


def ports_of(inspect):
    """Published ports one by one; one that is only exposed has no host side."""
    ports = set()
    for port, bindings in (inspect["NetworkSettings"]["Ports"] or {}).items():
        number, protocol = port.split("/")
        for binding in bindings or [{"HostIp": None, "HostPort": None}]:
            host_port = binding["HostPort"]
            ports.add((int(number), protocol, binding["HostIp"] or None, int(host_port) if host_port else None))
    return ports


def is_between(status, early, late):
    """Whether a status text can come between two: `Up 16 seconds` between `Up 15 seconds` and `Up 18 seconds`."""
    if status in (early, late):
        return True
    numbers = [[int(n) for n in re.findall(r"\d+", text)] for text in (early, status, late)]
    words = [re.sub(r"\d+", "#", text) for text in (early, status, late)]
    # Where the unit changed in between (59 seconds, about a minute), the words are those of one side.
    return (words[0] == words[1] and numbers[0] <= numbers[1] and (words[1] != words[2] or numbers[1] <= numbers[2])
            or words[1] == words[2] and numbers[1] <= numbers[2] and words[0] != words[1])


def differences(item, before, after):
    """What the service says otherwise than docker-py: (field, the service's, docker-py's)."""
    found = []

    def equal(field, ours, *theirs):
        if ours not in theirs:
            found.append((field, ours, " or ".join(repr(t) for t in dict.fromkeys(map(str, theirs)))))

    listed, inspect = before["container"], before["inspect"]

    # 1 to 4: name, image, created, id
    own = inspect["Name"].lstrip("/")
    equal("name", item["name"], own)
    equal("aliases", sorted(item["aliases"]), sorted(n.lstrip("/") for n in listed["Names"] if n.lstrip("/") != own))
    equal("image", item["image"], listed["Image"])
    equal("imageId", item["imageId"], listed["ImageID"])
    equal("createdAt", seconds(item["createdAt"]), listed["Created"])
    equal("id", item["id"], inspect["Id"])

    # 5: processes, all that were there throughout, and none that was never there
    section = item["processes"]
    early, late = processes_of(before["top"]), processes_of(after["top"])
    if early or late:
        equal("processes.state", section["state"], "ok")
        ours = {p["pid"]: p for p in section["items"] or []}
        for pid in sorted((early.keys() & late.keys()) - ours.keys()):
            found.append(("processes", "no process " + str(pid), early[pid]))
        for pid, process in sorted(ours.items()):
            readings = [r[pid] for r in (early, late) if pid in r]
            if not readings:
                found.append(("processes", process, "no such process"))
                continue
            equal(f"processes[{pid}].parentPid", process["parentPid"], *[r[0] for r in readings])
            equal(f"processes[{pid}].user", process["user"], *[r[1] for r in readings])
            equal(f"processes[{pid}].command", process["command"], *[r[2] for r in readings])
            if len(readings) == 2 and not readings[0][3] <= process["cpuTimeMs"] // 1000 <= readings[1][3]:
                found.append((f"processes[{pid}].cpuTimeMs", process["cpuTimeMs"], f"{readings[0][3]} to {readings[1][3]} seconds"))
    else:
        equal("processes.state", section["state"], "not_running")

    # 6: status
    equal("state", item["state"], listed["State"], after["container"]["State"])
    statuses = listed["Status"], after["container"]["Status"]
    if not is_between(item["status"], *statuses):
        found.append(("status", item["status"], " or ".join(statuses)))
    equal("health", item["health"], inspect["State"].get("Health", {}).get("Status"), after["inspect"]["State"].get("Health", {}).get("Status"))

    # 7: addresses; the tutorial prints the one of the default bridge
    ours = {n["name"]: (n["ipv4"], n["ipv6"], n["gateway"], n["mac"]) for n in item["networks"]}
    equal("networks", ours, addresses_of(inspect), addresses_of(after["inspect"]))
    default = inspect["NetworkSettings"].get("IPAddress")
    if default and default not in [n["ipv4"] for n in item["networks"]]:
        found.append(("networks", ours, f"NetworkSettings.IPAddress {default}"))

    # 8: ports
    ours = {(p["containerPort"], p["protocol"], p["hostIp"], p["hostPort"]) for p in item["ports"]}
    equal("ports", sorted(ours, key=str), sorted(ports_of(inspect), key=str))

    # 9: network reads and writes, by interface and summed
    section = item["network"]
    early, late = before["stats"].get("networks") or {}, after["stats"].get("networks") or {}
    if early and late:
        equal("network.state", section["state"], "ok")
        equal("network.interfaces", sorted(section.get("interfaces") or {}), sorted(early), sorted(late))
        for ours, theirs in COUNTERS.items():
            for name, interface in (section.get("interfaces") or {}).items():
                if name in early and name in late and not early[name][theirs] <= interface[ours] <= late[name][theirs]:
                    found.append((f"network.interfaces.{name}.{ours}", interface[ours], f"{early[name][theirs]} to {late[name][theirs]}"))
            least, most = (sum(i[theirs] for i in reading.values()) for reading in (early, late))
            if section.get(ours) is None or not least <= section[ours] <= most:
                found.append((f"network.{ours}", section.get(ours), f"{least} to {most}"))
    elif not before["stats"]:
        equal("network.state", section["state"], "not_running")
        equal("network.rxBytes", section.get("rxBytes"), None)
    else:
        # Statistics without counters: on the host's network, or on none.
        equal("network.rxBytes", section.get("rxBytes") or 0, 0)

    return found


def compare(arguments):
    """One reading before, the service's, one after: differences by container, and the ids that were compared."""
    before = read_engine(arguments.engine, arguments.label)
    items = read_service(arguments.service, arguments.label)
    after = read_engine(arguments.engine, arguments.label)
    found = {}
    for container_id in before.keys() & after.keys():
        item = items.get(container_id)
        different = [("container", "missing", "there")] if item is None else differences(item, before[container_id], after[container_id])
        if different:
            found[container_id] = different
    for container_id in items.keys() - before.keys() - after.keys():
        found[container_id] = [("container", "there", "missing")]
    return found, before, after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--service", default="http://127.0.0.1:8080", help="address of the service")
    parser.add_argument("--engine", default="unix:///var/run/docker.sock", help="the engine's endpoint, for docker-py")
    parser.add_argument("--label", default="", help="only containers with this label (key or key=value)")
    parser.add_argument("--at-least", type=int, default=1, help="how many containers there must be to compare")
    arguments = parser.parse_args()

    for attempt in range(ATTEMPTS):
        found, before, after = compare(arguments)
        if not found:
            break

    for container_id, different in found.items():
        name = before.get(container_id, after.get(container_id, {"inspect": {"Name": "?"}}))["inspect"]["Name"].lstrip("/")
        for field, ours, theirs in different:
            print(f"{name} ({container_id[:12]}) {field}: the service has {ours!r}, docker-py {theirs}")

    compared = len(before.keys() & after.keys())
    running = sum(1 for reading in after.values() if reading["top"])
    print(f"compared the nine fields of {compared} containers ({running} running) with docker-py {docker.__version__}: "
          + (f"{len(found)} differ" if found else "all equal"))
    if compared < arguments.at_least:
        print(f"expected at least {arguments.at_least} containers")
        return 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
