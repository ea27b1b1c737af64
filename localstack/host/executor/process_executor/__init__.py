"""Runs the Node.js Lambda functions of a LocalStack as processes of its host, without containers.

One executor is one execution environment: one init.mjs in a session of its own, and the function's runtime below it.
Chosen with LAMBDA_RUNTIME_EXECUTOR=process. Settings, read from LocalStack's own environment:
  LAMBDA_PROCESS_NODE24, LAMBDA_PROCESS_NODE22 ...  the node for nodejs24.x, nodejs22.x
  LAMBDA_PROCESS_NODE             the node for all other runtimes; default: the one on PATH
  LAMBDA_PROCESS_NODE_ARGS        JSON array of node's flags; default: a heap of 90 % of the function's memory
  LAMBDA_PROCESS_MEMORY=enforce   kill the function when it is larger than its memory size
  LAMBDA_PROCESS_FREEZE=1         stop the function between invocations, as Lambda does

What it does not do: isolate functions from each other or from this machine, run another processor's code, mount layers,
keep the logs of an init that failed, write logs as JSON.
"""

import collections
import contextlib
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from localstack import config
from localstack.services.lambda_.invocation.executor_endpoint import ExecutorEndpoint, StatusErrorException
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

LOG = logging.getLogger(__name__)
HERE = Path(__file__).parent
HOST = "127.0.0.1"
KEPT_LOG_LINES = 2000
TERM_PATIENCE_S = 1
KILL_PATIENCE_S = 5


def find_node(runtime: str | None) -> str | None:
    major = re.match(r"nodejs(\d+)", runtime or "")
    settings = ([f"LAMBDA_PROCESS_NODE{major[1]}"] if major else []) + ["LAMBDA_PROCESS_NODE"]
    for setting in settings:
        if value := os.environ.get(setting):
            return shutil.which(value)
    return shutil.which("node")


def node_flags(memory_mb: int) -> list[str]:
    flags = json.loads(os.environ.get("LAMBDA_PROCESS_NODE_ARGS") or "null")
    return [f"--max-old-space-size={max(64, int(memory_mb * 0.9))}"] if flags is None else flags


def dead_environment(status: int) -> StatusErrorException:
    body = {"errorType": "Runtime.ExitError", "errorMessage": f"sandbox exited with status {status}"}
    return StatusErrorException("Environment failed", payload=json.dumps(body).encode())


class ProcessExecutor(RuntimeExecutor):
    def __init__(self, id, function_version):
        super().__init__(id=id, function_version=function_version)
        self.endpoint = ExecutorEndpoint(id, container_address=HOST, container_port=None)
        self.init: subprocess.Popen | None = None
        self.temporary: str | None = None
        self.lines = collections.deque(maxlen=KEPT_LOG_LINES)
        self._lock = threading.Lock()
        self._stopped = False

    def start(self, env_vars):
        function = self.function_version.config
        node = find_node(function.runtime)
        if not node:
            raise LambdaRuntimeException("no node to run it with: set LAMBDA_PROCESS_NODE")
        self.endpoint.start()
        code = str(function.code.get_unzipped_code_location())
        self.temporary = tempfile.mkdtemp(prefix="lambda-tmp-")
        env = self._environment(env_vars, code)
        # init binds port 0 and says which one it got: a port looked up here could be taken before it is bound.
        read_fd, write_fd = os.pipe()
        env["PROCESS_EXECUTOR"] = json.dumps(
            {
                "command": [node, *node_flags(function.memory_size), str(HERE / "bootstrap.mjs")],
                "portFd": write_fd,
                "isMemoryEnforced": os.environ.get("LAMBDA_PROCESS_MEMORY") == "enforce",
                "isFrozenWhenIdle": os.environ.get("LAMBDA_PROCESS_FREEZE") == "1",
            }
        )
        try:
            self.init = subprocess.Popen(
                [node, str(HERE / "init.mjs")],
                env=env,
                cwd=code,
                stdin=subprocess.PIPE,  # a lifeline: init ends when it closes, also when LocalStack got a SIGKILL
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(write_fd,),
                start_new_session=True,
            )
        finally:
            os.close(write_fd)
        threading.Thread(target=self._watch, name=f"lambda-watch-{self.id}", daemon=True).start()
        with os.fdopen(read_fd) as pipe:
            port = pipe.readline().strip()
        if not port:
            raise LambdaRuntimeException(f"init did not start: {self.get_logs()[-2000:]}")
        self.endpoint.container_port = int(port)
        self.endpoint.wait_for_startup()

    def _environment(self, env_vars, code: str) -> dict[str, str]:
        env = {"PATH": os.environ["PATH"], "LANG": "en_US.UTF-8", "TMPDIR": self.temporary}
        env |= {name: str(value) for name, value in env_vars.items() if value is not None}
        runtime = self.function_version.config.runtime
        return env | {"LAMBDA_TASK_ROOT": code, "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}"}

    def _watch(self):
        """Gathers what init prints, and turns its unexpected death into an error of whoever waits for it."""
        for line in self.init.stdout:
            self.lines.append(line.decode(errors="replace"))
        status = self.init.wait()
        with self._lock:
            if self._stopped:
                return
            self._signal_all(signal.SIGKILL)  # a frozen function would stay for ever
            for future in (self.endpoint.startup_future, self.endpoint.invocation_future):
                if future and not future.done():
                    future.set_exception(dead_environment(status))

    def stop(self):
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
        if self.init:
            # The second round is for what the function started and left behind.
            for sent, patience_s in ((signal.SIGTERM, TERM_PATIENCE_S), (signal.SIGKILL, KILL_PATIENCE_S)):
                self._signal_all(sent)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.init.wait(patience_s)
            self.init.stdin.close()
        try:
            self.endpoint.shutdown()
        except Exception as error:
            LOG.debug("executor endpoint shutdown: %s", error)
        if self.temporary:
            shutil.rmtree(self.temporary, ignore_errors=True)

    def _signal_all(self, sent):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.init.pid, sent)

    def get_address(self):
        return HOST

    def get_endpoint_from_executor(self):
        return HOST

    def get_runtime_endpoint(self):
        port = config.GATEWAY_LISTEN[0].port
        return f"http://{HOST}:{port}{self.endpoint.get_endpoint_prefix()}"

    def invoke(self, payload):
        if self.init.poll() is not None:
            raise dead_environment(self.init.returncode)
        return self.endpoint.invoke(payload)

    def get_logs(self):
        return "".join(self.lines)

    @classmethod
    def prepare_version(cls, function_version):
        runtime = function_version.config.runtime or ""
        if not runtime.startswith("nodejs") or not function_version.config.code:
            raise LambdaRuntimeException(f"the process executor runs zipped nodejs functions, not {runtime}")
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        pass  # the unzipped code stays: after an update of the configuration the next version runs from the same folder

    @classmethod
    def validate_environment(cls):
        return bool(find_node(None))


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self, *args, **kwargs):
        return ProcessExecutor
