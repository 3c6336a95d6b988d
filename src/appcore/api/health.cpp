#include "appcore/api/health.hpp"

#include <chrono>
#include <cmath>

#include "appcore/api/errors.hpp"
#include "appcore/json/number.hpp"

namespace appcore::api {
namespace {

void append_checks(std::string& out, bool model_loaded, std::chrono::duration<double> uptime) {
    out.append(R"("checks":{"model_loaded":)").append(model_loaded ? "true" : "false");
    out.append(R"(,"uptime_seconds":)");
    json::append_float(out, std::round(uptime.count() * 100) / 100);
    out.append("}");
}

}  // namespace

Action health_action(const models::PredictionModel& model, const system::Clock& clock) {
    return [&model, &clock, start = clock.steady()](const http::Request&, http::Response& response,
                                                    Outcome&) {
        const auto uptime = clock.steady() - start;
        std::string& body = response.body;
        if (model.is_healthy()) {
            response.set(200, http::kJson, R"({"status":"healthy","timestamp":")");
            system::append_python_isoformat(body, clock.wall());
            body.append(R"(",)");
            append_checks(body, true, uptime);
            body.append("}");
        } else {
            answer_error(503, response);
            body.assign(R"({"detail":{"status":"unhealthy",)");
            append_checks(body, false, uptime);
            body.append("}}");
        }
    };
}

}  // namespace appcore::api
