#!/usr/bin/env python3
"""The tutorial's own `docker ps`: its nine fields of every running container with docker-py, one call after the other.

  loop.py ENGINE [LABEL]      ENGINE as DOCKER_HOST has it; prints a line per container
"""

import sys

import docker


def main(endpoint, label=None):
    client = docker.APIClient(base_url=endpoint, version="auto", timeout=60)
    for container in client.containers(filters={"label": label} if label else None):
        inspected = client.inspect_container(container["Id"])
        processes = client.top(container["Id"])["Processes"]
        traffic = client.stats(container["Id"], stream=False).get("networks", {}).get("eth0", {})
        settings = inspected["NetworkSettings"]
        print(
            container["Names"], container["Image"], container["Created"], container["Id"][:12],
            [process[-1] for process in processes], container["Status"],
            settings.get("IPAddress"), settings["Ports"], traffic.get("rx_bytes"), traffic.get("tx_bytes"),
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
