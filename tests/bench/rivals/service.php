<?php
// The same API in PHP: validation, request id, a log line and, in APCu, the old service's counters.
$begin = microtime(true);

function uuid4(): string {
    $bytes = random_bytes(16);
    $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
    $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
}

function observe(string $name, float $seconds, array $bounds): void {
    foreach ($bounds as $bound) {
        if ($seconds <= $bound) { apcu_inc("$name:$bound"); }
    }
    apcu_inc("$name:count");
    apcu_inc("$name:sum", (int) ($seconds * 1e9));
}

function predict(): array {
    $body = json_decode(file_get_contents('php://input'), true);
    if (!is_array($body)) { return [422, ['detail' => 'Input should be a valid dictionary']]; }
    $features = $body['features'] ?? null;
    if (!is_array($features) || $features === []) { return [422, ['detail' => 'Input should be a valid list']]; }
    $errors = [];
    foreach ($features as $i => $value) {
        if (!is_numeric($value)) { $errors[] = ['type' => 'float_type', 'loc' => ['body', 'features', $i]]; }
    }
    if ($errors) { return [422, ['detail' => $errors]]; }
    $begin = microtime(true);
    $result = array_sum($features) / count($features);
    apcu_inc('predictions_total:v1.0:success');
    observe('prediction_duration_seconds', microtime(true) - $begin, [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5]);
    $now = (new DateTimeImmutable('now', new DateTimeZone('UTC')))->format('Y-m-d\TH:i:s.uP');
    return [201, ['prediction_id' => uuid4(), 'result' => $result, 'model_version' => 'v1.0', 'created_at' => $now]];
}

$method = $_SERVER['REQUEST_METHOD'];
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
[$status, $reply] = match (true) {
    $path !== '/predict' => [404, ['detail' => 'Not Found']],
    $method !== 'POST' => [405, ['detail' => 'Method Not Allowed']],
    default => predict(),
};
$id = $_SERVER['HTTP_X_REQUEST_ID'] ?? uuid4();
$text = json_encode($reply, JSON_PRESERVE_ZERO_FRACTION);
http_response_code($status);
header('Content-Type: application/json');
header('Content-Length: ' . strlen($text));
header("X-Request-ID: $id");
echo $text;

$seconds = microtime(true) - $begin;
apcu_inc("http_requests_total:$method:$path:$status");
observe("http_request_duration_seconds:$method:$path", $seconds, [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]);
file_put_contents($_SERVER['BENCH_LOG'], json_encode([
    'timestamp' => date('c'), 'level' => 'INFO', 'logger' => 'appcore', 'message' => "$method $path → $status",
    'request_id' => $id, 'method' => $method, 'path' => $path, 'status_code' => $status,
    'duration_ms' => round($seconds * 1000, 3)]) . "\n", FILE_APPEND);
