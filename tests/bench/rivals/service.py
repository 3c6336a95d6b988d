"""The same API under FastAPI, in the old service's way: pydantic, the model as a dependency, which takes
each request through the thread pool twice, a middleware that counts by prometheus_client and logs a
JSON line, CORS. For Debian's older FastAPI, which has pydantic 1."""

import json
import logging
import sys
import time
import uuid
from datetime import datetime, timezone
from functools import lru_cache

from fastapi import Depends, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from prometheus_client import Counter, Histogram, make_asgi_app
from pydantic import BaseModel, Field

REQUESTS = Counter("http_requests_total", "Total HTTP requests", ["method", "endpoint", "status_code"])
DURATION = Histogram("http_request_duration_seconds", "HTTP request duration in seconds", ["method", "endpoint"],
                     buckets=[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
PREDICTIONS = Counter("predictions_total", "Total predictions made", ["model_version", "status"])
PREDICTION = Histogram("prediction_duration_seconds", "Prediction inference duration", ["model_version"],
                       buckets=[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0])
FIELDS = ("request_id", "method", "path", "status_code", "duration_ms")


class JsonFormatter(logging.Formatter):
    def format(self, record):
        line = {"timestamp": self.formatTime(record), "level": record.levelname, "logger": record.name,
                "message": record.getMessage()}
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        return json.dumps(line)


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JsonFormatter())
logging.root.handlers = [handler]
logging.root.setLevel(logging.INFO)
logger = logging.getLogger("appcore")

app = FastAPI(title="Practical Production Service", version="0.1.0")
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
app.mount("/metrics", make_asgi_app())


class Model:
    version = "v1.0"

    def predict(self, features):
        return sum(features) / len(features)


@lru_cache(maxsize=1)
def get_model():
    return Model()


class PredictRequest(BaseModel):
    features: list[float] = Field(..., min_items=1)


class PredictResponse(BaseModel):
    prediction_id: str
    result: float
    model_version: str
    created_at: str


@app.middleware("http")
async def observe(request: Request, call_next):
    if request.url.path.startswith("/metrics"):
        return await call_next(request)
    request_id = request.headers.get("X-Request-ID", str(uuid.uuid4()))
    begin = time.perf_counter()
    response = await call_next(request)
    seconds = time.perf_counter() - begin
    method, path, status = request.method, request.url.path, response.status_code
    REQUESTS.labels(method=method, endpoint=path, status_code=status).inc()
    DURATION.labels(method=method, endpoint=path).observe(seconds)
    response.headers["X-Request-ID"] = request_id
    logger.info("%s %s → %d (%.3fs)", method, path, status, seconds, extra=dict(zip(
        FIELDS, (request_id, method, path, status, round(seconds * 1000, 2)))))
    return response


@app.post("/predict", response_model=PredictResponse, status_code=201)
def predict(request: PredictRequest, model: Model = Depends(get_model)):
    begin = time.perf_counter()
    result = model.predict(request.features)
    seconds = time.perf_counter() - begin
    PREDICTIONS.labels(model_version=model.version, status="success").inc()
    PREDICTION.labels(model_version=model.version).observe(seconds)
    return PredictResponse(prediction_id=str(uuid.uuid4()), result=result, model_version=model.version,
                           created_at=datetime.now(timezone.utc).isoformat())
