"""A real SLURM of one node, for as long as a test runs.

Nothing outside its folder is touched: own munge key and socket, own ports, no accounting, GPUs that
are empty files. The daemons run in the foreground, as children that the kernel ends with the
process that started them, whatever becomes of it.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "setpriv"]
CPUS, GPUS = 8, 4  # more than there are: only what jobs ask for is counted
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
GresTypes=gpu
EnforcePartLimits=ALL
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=32000 Gres=gpu:{gpus}
PartitionName=main Nodes={host} Default=YES MaxTime=1-00:00:00 State=UP
"""


def unavailable() -> str | None:
    """Why no cluster can be started here, if that is so."""
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        return f"{', '.join(missing)} not installed: apt-get install slurm-wlm munge"
    return None if os.geteuid() == 0 else "a cluster for tests is started by root only"


def _write(folder: Path) -> None:
    """Write keys, configuration and fake devices."""
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    with socket.socket() as one, socket.socket() as two:
        for free in (one, two):
            free.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], two.getsockname()[1]
    host = socket.gethostname().split(".")[0]
    text = CONFIGURATION.format(host=host, ports=ports, folder=folder, cpus=CPUS, gpus=GPUS)
    (folder / "slurm.conf").write_text(text)
    for number in range(GPUS):
        (folder / f"gpu{number}").touch()
    devices = f"NodeName={host} Name=gpu File={folder}/gpu[0-{GPUS - 1}]\n"
    (folder / "gres.conf").write_text(f"AutoDetect=off\n{devices}")
    # the job-step plugin drops SLURM_CONF before it calls srun, which then looks in /etc
    srun = folder / "bin/srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)


@contextmanager
def _daemon(log: Path, *command: str) -> Iterator[None]:
    with log.open("w") as output:
        wrapped = ["setpriv", "--pdeathsig", "TERM", *command]
        process = subprocess.Popen(wrapped, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(environment: dict[str, str], command: str, wanted: str, seconds: float = 30) -> None:
    """Wait until a command of SLURM prints what is wanted."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done = subprocess.run(command.split(), env=environment, capture_output=True, text=True)
        if done.returncode == 0 and done.stdout.strip() == wanted:
            return
        time.sleep(0.2)
    raise TimeoutError(f"{command}: not {wanted!r} but {done.stdout}{done.stderr}")


@contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Run a cluster in an empty folder; yield the environment in which it is the cluster."""
    _write(folder)
    configuration = f"{folder}/slurm.conf"
    environment = {
        **os.environ,
        "SLURM_CONF": configuration,
        "PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}",
    }
    munge = [f"--{kind}-file={folder}/munge.{kind}" for kind in ("key", "pid", "log", "seed")]
    with ExitStack() as stack:
        for name, *arguments in (
            ("munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *munge),
            ("slurmctld", "-D", "-f", configuration),
            ("slurmd", "-D", "-f", configuration),
        ):
            stack.enter_context(_daemon(folder / f"{name}.out", name, *arguments))
        _wait(environment, "sinfo -h -o %T", "idle")
        try:
            yield environment
        finally:  # a job outlives the daemon that started it
            subprocess.run(["scancel", "--user=root"], env=environment, check=False)
            _wait(environment, "squeue -h", "")
