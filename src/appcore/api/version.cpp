#include "appcore/api/version.hpp"

namespace appcore::api {

Action version_action(const models::PredictionModel& model) {
    return [&model](const http::Request&, http::Response& response, Outcome&) {
        response.set(200, http::kJson, R"({"version":")");
        response.body.append(kVersion).append(R"(","api_version":"v1","model_version":")");
        response.body.append(model.version()).append(R"("})");
    };
}

}  // namespace appcore::api
