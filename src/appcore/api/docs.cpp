#include "appcore/api/docs.hpp"

namespace appcore::api {
namespace {

// In pieces, so that the version stands in one place only.
constexpr std::string_view kDocument =
    // clang-format off
    R"({"openapi":"3.1.0","info":{"title":"Practical Production Service","version":")"
    APPCORE_VERSION
    R"("},"paths":{"/health":{"get":{"summary":"Health Check",)"
    R"("operationId":"health_check_health_get","responses":{"200":{)"
    R"("description":"Successful Response","content":{"application/json":{"schema":{)"
    R"("$ref":"#/components/schemas/HealthResponse"}}}}}}},"/version":{"get":{)"
    R"("summary":"Version","operationId":"version_version_get","responses":{"200":{)"
    R"("description":"Successful Response","content":{"application/json":{"schema":{)"
    R"("$ref":"#/components/schemas/VersionResponse"}}}}}}},"/predict":{"post":{)"
    R"("summary":"Predict","operationId":"predict_predict_post","requestBody":{"content":{)"
    R"("application/json":{"schema":{"$ref":"#/components/schemas/PredictRequest"}}},)"
    R"("required":true},"responses":{"201":{"description":"Successful Response","content":{)"
    R"("application/json":{"schema":{"$ref":"#/components/schemas/PredictResponse"}}}},)"
    R"("422":{"description":"Validation Error","content":{"application/json":{"schema":{)"
    R"("$ref":"#/components/schemas/HTTPValidationError"}}}}}}}},"components":{"schemas":{)"
    R"("HTTPValidationError":{"properties":{"detail":{"items":{)"
    R"("$ref":"#/components/schemas/ValidationError"},"type":"array","title":"Detail"}},)"
    R"("type":"object","title":"HTTPValidationError"},"HealthResponse":{"properties":{)"
    R"("status":{"type":"string","title":"Status"},"timestamp":{"type":"string",)"
    R"("title":"Timestamp"},"checks":{"type":"object","title":"Checks"}},"type":"object",)"
    R"("required":["status","timestamp","checks"],"title":"HealthResponse"},)"
    R"("PredictRequest":{"properties":{"features":{"items":{"type":"number"},)"
    R"("type":"array","minItems":1,"title":"Features",)"
    R"("description":"Input features for prediction"}},"type":"object","required":[)"
    R"("features"],"title":"PredictRequest"},"PredictResponse":{"properties":{)"
    R"("prediction_id":{"type":"string","title":"Prediction Id"},"result":{"type":"number",)"
    R"("title":"Result"},"model_version":{"type":"string","title":"Model Version"},)"
    R"("created_at":{"type":"string","title":"Created At"}},"type":"object","required":[)"
    R"("prediction_id","result","model_version","created_at"],"title":"PredictResponse"},)"
    R"("ValidationError":{"properties":{"loc":{"items":{"anyOf":[{"type":"string"},{)"
    R"("type":"integer"}]},"type":"array","title":"Location"},"msg":{"type":"string",)"
    R"("title":"Message"},"type":{"type":"string","title":"Error Type"}},"type":"object",)"
    R"("required":["loc","msg","type"],"title":"ValidationError"},"VersionResponse":{)"
    R"("properties":{"version":{"type":"string","title":"Version"},"api_version":{)"
    R"("type":"string","title":"Api Version"},"model_version":{"type":"string",)"
    R"("title":"Model Version"}},"type":"object","required":["version","api_version",)"
    R"("model_version"],"title":"VersionResponse"}}}})";
// clang-format on

}  // namespace

std::string_view openapi_document() {
    return kDocument;
}

Action openapi_action() {
    return [](const http::Request&, http::Response& response, Outcome&) {
        response.set(200, http::kJson, kDocument);
    };
}

}  // namespace appcore::api
