#include "appcore/api/ready.hpp"

#include <utility>

#include "appcore/api/errors.hpp"

namespace appcore::api {

Action ready_action(std::function<bool()> can_predict) {
    return [can_predict = std::move(can_predict)](const http::Request& request,
                                                  http::Response& response, Outcome&) {
        if (request.is_draining) {
            answer_error(503, "Draining", response);
        } else if (!can_predict()) {
            answer_error(503, "No worker can predict", response);
        } else {
            response.set(200, http::kJson, R"({"status":"ready"})");
        }
        // An answer of a moment ago would send requests to a machine that is going away.
        response.add_header("Cache-Control", "no-store");
    };
}

}  // namespace appcore::api
