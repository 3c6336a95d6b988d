"""The old project's own tests, against the running service."""

from stack import JSON, StackTest


class Health(StackTest):
    def test_health_returns_200(self):
        reply = self.stack.get("/health")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.json()["status"], "healthy")
        self.assertIs(reply.json()["checks"]["model_loaded"], True)

    def test_health_includes_uptime(self):
        checks = self.stack.get("/health").json()["checks"]
        self.assertIn("uptime_seconds", checks)
        self.assertGreaterEqual(checks["uptime_seconds"], 0)


class Version(StackTest):
    def test_version_returns_200(self):
        reply = self.stack.get("/version")
        self.assertEqual(reply.status, 200)
        self.assertLessEqual({"version", "api_version", "model_version"}, set(reply.json()))


class Predict(StackTest):
    def test_predict_valid_features(self):
        reply = self.stack.predict({"features": [1.0, 2.0, 3.0]})
        self.assertEqual(reply.status, 201)
        self.assertEqual(reply.json()["result"], 2.0)
        self.assertLessEqual({"prediction_id", "model_version", "created_at"}, set(reply.json()))

    def test_predict_single_feature(self):
        reply = self.stack.predict({"features": [5.0]})
        self.assertEqual((reply.status, reply.json()["result"]), (201, 5.0))

    def test_predict_empty_features_rejected(self):
        self.assertEqual(self.stack.predict({"features": []}).status, 422)

    def test_predict_missing_features(self):
        self.assertEqual(self.stack.predict({}).status, 422)

    def test_predict_wrong_type(self):
        self.assertEqual(self.stack.predict({"features": "not a list"}).status, 422)


class Metrics(StackTest):
    def test_metrics_endpoint(self):
        reply = self.stack.get("/metrics")
        self.assertEqual(reply.status, 200)
        self.assertIn(b"http_requests_total", reply.body)

    def test_metrics_count_requests(self):
        before = self.stack.count("http_requests_total", endpoint="/health", status_code="200")
        self.stack.get("/health")
        self.stack.get("/health")
        after = self.stack.count("http_requests_total", endpoint="/health", status_code="200")
        self.assertEqual(after - before, 2)

    def test_prediction_metrics_recorded(self):
        before = self.stack.count("predictions_total", status="success")
        self.stack.predict({"features": [1.0, 2.0]})
        self.assertEqual(self.stack.count("predictions_total", status="success") - before, 1)
        self.assertEqual(self.stack.count("prediction_duration_seconds_count"),
                         self.stack.count("predictions_total", status="success"))

    def test_a_histogram_agrees_with_its_counter(self):
        for _ in range(5):
            self.stack.request("POST", "/predict", b"{}", JSON)
        samples = self.stack.metrics()
        count = sum(v for k, v in samples.items()
                    if k.startswith("http_request_duration_seconds_count"))
        infinite = sum(v for k, v in samples.items()
                       if k.startswith("http_request_duration_seconds_bucket") and '"+Inf"' in k)
        total = sum(v for k, v in samples.items() if k.startswith("http_requests_total"))
        self.assertEqual((count, infinite), (total, total))
