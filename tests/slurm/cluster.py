"""A real Slurm on this machine: controller, munge and several nodes, in a temporary folder."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

NODES = ("n1", "n2")
# Where Slurm's commands look without $SLURM_CONF, which the executor takes away from jobs.
CONFIGURATION = Path("/run/slurm/conf/slurm.conf")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue")

SLURM_CONF = """\
ClusterName=test
SlurmctldHost=localhost
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/finished.txt
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SlurmdTimeout=10
KillWait=2
ReturnToService=2
MinJobAge=600
SlurmctldPort={controller}
"""


def missing() -> str:
    """Why no cluster can be started here; empty if one can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"needs Slurm: {', '.join(absent)} not found (Debian: slurm-wlm, munge)"
    if os.geteuid() != 0:
        return "needs root, to start Slurm's daemons"
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        return "needs the right to give each node its own mounts"
    if Path("/etc/slurm/slurm.conf").exists():
        return "this machine is part of a Slurm already"
    return ""


def wait_for(condition: Callable[[], object], what: str, seconds: float = 600) -> None:
    """Wait until `condition()` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


class Cluster:
    """Starts with `start`, ends with `stop`; its nodes can be stopped and started alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemons: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        """Start all daemons and wait until every node is idle.

        Raises:
            AssertionError: they are not after a minute; what kept them is in the folder's logs.
        """
        self.folder.chmod(0o755)
        (self.folder / "state").mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        ports = _free_ports(1 + len(NODES))
        lines = [SLURM_CONF.format(folder=self.folder, controller=ports[0])]
        for name, port in zip(NODES, ports[1:], strict=True):
            (self.folder / f"spool-{name}").mkdir()
            lines.append(
                f"NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} "
                "CPUs=16 RealMemory=32000 Gres=gpu:2\n"
            )
        lines.append(f"PartitionName=cpu Nodes={','.join(NODES)} Default=YES\n")
        for name in ("gpu0", "gpu1"):  # Slurm counts and hands out files; nobody opens these
            (self.folder / name).touch()
        (self.folder / "gres.conf").write_text(f"Name=gpu File={self.folder}/gpu[0-1]\n")
        configuration = self.folder / "slurm.conf"
        configuration.write_text("".join(lines))
        CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
        CONFIGURATION.unlink(missing_ok=True)
        CONFIGURATION.symlink_to(configuration)
        self._start("munged", "--foreground", "--force", *self._munge_files())
        wait_for((self.folder / "munge.socket").exists, "munged", seconds=60)
        self._start("slurmctld", "-D", "-f", str(configuration))
        for name in NODES:
            self.start_node(name)
        wait_for(lambda: self.states() == dict.fromkeys(NODES, "idle"), "the nodes", seconds=60)

    def start_node(self, name: str) -> None:
        """Start a node's slurmd."""
        slurmd = ("slurmd", "-D", "-f", str(self.folder / "slurm.conf"), "-N", name)
        self._start(name, "--mount", *slurmd, program="unshare")

    def in_node(self, name: str, *command: str) -> None:
        """Run a command in a node's own view of the file system."""
        pid = str(self._daemons[name].pid)
        subprocess.run(["nsenter", "--target", pid, "--mount", *command], check=True)

    def kill_node(self, name: str) -> None:
        """Kill a node's slurmd, as if the node had lost its network."""
        daemon = self._daemons.pop(name)
        daemon.kill()
        daemon.wait()

    def stop(self) -> None:
        """Cancel what runs and stop all daemons."""
        subprocess.run(["scancel", "--user", "root"], check=False)
        wait_for(lambda: not self.ask("squeue", "--noheader"), "the last jobs to end")
        for name in reversed([*self._daemons]):
            daemon = self._daemons.pop(name)
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(timeout=60)
        CONFIGURATION.unlink(missing_ok=True)

    def states(self) -> dict[str, str]:
        """Every node's state."""
        return dict(line.split() for line in self.ask("sinfo", "-hN", "-o", "%N %T"))

    def ask(self, *command: str) -> list[str]:
        """The lines that a command of Slurm prints; none while the controller is busy."""
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.splitlines()

    def _start(self, name: str, *arguments: str, program: str | None = None) -> None:
        with (self.folder / f"{name}.out").open("a") as output:
            self._daemons[name] = subprocess.Popen(
                [program or name, *arguments], stdout=output, stderr=subprocess.STDOUT
            )

    def _munge_files(self) -> list[str]:
        names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
        names["log-file"] = "log"
        return [f"--{option}={self.folder}/munge.{suffix}" for option, suffix in names.items()]


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
