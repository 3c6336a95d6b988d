"""What commands have promised when they ended well, held against what the service does afterwards."""

import os
import re
import shutil

import census
from authority import Authority, served_name
from stack import JSON, ROOT

MODELS = ("lightgbm-binary.txt", "lightgbm-poisson.txt")  # in the stack's folder, where commands run
BODY = b'{"features":[1,2,3,4,5,6,7,8,9,10]}'  # both take it, and so does the mean
MEAN = "v1.0"
REPLIES = 4  # that are looked at: workers take turns
A_KEY = re.compile(r"^[A-Za-z0-9_-]{43}$", re.MULTILINE)

# What a command changes. Every new pool reads the certificate's files.
CHANGES = {"drain": ("drained",), "undrain": ("drained",), "renew": ("certificate",), "restart": ("workers", "certificate"),
           "scale": ("workers", "certificate"), "model": ("model", "workers", "certificate")}


class Promises:
    """For a stack that does not run yet; `with_keys` and `with_tls` say how it is to be asked."""

    def __init__(self, stack, with_keys, with_tls):
        self._stack = stack
        self.headers = list(JSON)
        self._state = {}  # {what: how it has to be}; what is in doubt is not there
        self._keys = {}  # {key: (whose, whether it has to be good, None while in doubt)}
        for name in MODELS:
            source = os.path.join(ROOT, "tests", "models", name.removesuffix(".txt"), "model.txt")
            shutil.copyfile(source, os.path.join(stack.base, name))
        if with_keys:
            stack.variables["APPCORE_API_KEYS"] = os.path.join(stack.base, "keys")
            self.headers.append(("X-API-Key", A_KEY.findall(stack.ctl("key", "new", "load").stdout)[0]))
        self._authority = Authority(stack.base) if with_tls else None
        self._certificates = []  # names, the newest one last
        if with_tls:
            self._files = [os.path.join(stack.base, name) for name in ("certificate.pem", "key.pem")]
            stack.variables |= dict(zip(("APPCORE_TLS_CERT", "APPCORE_TLS_KEY"), self._files))
            stack.tls = self._authority.context()
            self.change_certificate()

    def change_certificate(self):
        """It has been renewed, and no command has been told."""
        if not self._authority:
            return
        self._certificates.append(f"n{len(self._certificates)}")
        for source, target in zip(self._authority.issue(self._certificates[-1]), self._files):
            shutil.copyfile(source, target)
            os.chmod(target, 0o600)

    # --- hearing --------------------------------------------------------------------------------------

    def heard(self, done, undisturbed):
        """Commands that were at work at the same time and have ended; `undisturbed` if no accident happened to the stack."""
        claims = {}  # {what: all values that it should have, None for one that nobody knows}
        for one in done:
            for what in self._changed_by(one, undisturbed):
                code, said = one.finish()
                claims.setdefault(what, set()).add(self._claim(one.command.words, what, said) if code == 0 else None)
        for what, values in claims.items():
            self._state.pop(what, None)
            value = values.pop()
            if not values and value is not None:
                self._state[what] = value
        for name in {one.command.words[2] for one in done if one.command.words[0] == "key"}:
            self._hear_of_keys(name, [one for one in done if one.command.words[:3:2] == ("key", name)])

    def _changed_by(self, one, undisturbed):
        """One that fails by itself has changed nothing, but a drain that could not be seen at /ready in time."""
        words, (code, _) = one.command.words, one.finish()
        has_failed = code != 0 and not one.killed and undisturbed and words[0] not in ("drain", "undrain")
        return () if has_failed or words == ("model",) else CHANGES.get(words[0], ())

    def _claim(self, words, what, said):
        if what == "drained":
            return words[0] == "drain"
        if what == "certificate":
            return self._certificates[-1] if self._authority else None
        if what == "workers":
            # All but scale take the caller's WORKERS into use.
            return int(words[1] if words[0] == "scale" else self._stack.variables["WORKERS"])
        new = re.search(r"serves the model (\S+), the pool", said)
        return new[1] if new else MEAN

    def _hear_of_keys(self, name, some):
        """Of several at once, and of one that fails or is killed on its way, only a part may have happened."""
        is_sure = len(some) == 1 and some[0].finish()[0] == 0
        if any(one.command.words[1] == "revoke" for one in some):
            self._keys |= {key: (whose, False if is_sure else None) for key, (whose, _) in self._keys.items() if whose == name}
        are_new = all(one.command.words[1] == "new" for one in some)
        for one in some:
            code, said = one.finish()
            self._keys |= {key: (name, True if are_new and code == 0 else None) for key in A_KEY.findall(said)}

    def forget(self):
        """The stack may have been started again since, with what its caller says; the file of keys stays."""
        self._state = {}

    # --- looking --------------------------------------------------------------------------------------

    def broken(self, status, models):
        """What does not hold of a service that serves, while `status` and `model` say this."""
        found = []
        for what, (is_so, is_said) in self._found(status, models).items():
            for wanted, who in ((self._state.get(what), "the last command"), (is_said, "the report")):
                if wanted is not None and wanted != is_so:
                    found.append(f"{what}: {is_so}, {who} says {wanted}")
        for key, (whose, is_good) in self._keys.items():
            if is_good is not None and (code := self._stack.get("/version", [("X-API-Key", key)]).status) != (200 if is_good else 401):
                found.append(f"a key of {whose!r}, which {'is new' if is_good else 'has been revoked'}, gets {code}")
        return found

    def _found(self, status, models):
        """{what: (how it is, how a command says that it is)}."""
        serving = re.search(r"^appcore: serves +(\S+?)(?:,| +since)", models, re.MULTILINE)
        workers = len(census.pids(self._stack.run_dir, self._stack.port, "appcore-worker"))
        return {"drained": (self._stack.get("/ready").status == 503, "drained" in status),
                "model": (" and ".join(sorted({self._version() for _ in range(REPLIES)})), serving and serving[1]),
                # A pool that has ended is on the list until the next command.
                "workers": (workers, len(re.findall(r"^(?:blue|green)\S*-(?!00)\d+ +RUNNING ", status, re.MULTILINE))),
                **({"certificate": (served_name(self._stack.port), None)} if self._authority else {})}

    def _version(self):
        reply = self._stack.predict(BODY, self.headers)
        return reply.json()["model_version"] if reply.status == 201 else f"status {reply.status}"
