#include "appcore/api/predict.hpp"

#include <cmath>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcore/api/errors.hpp"
#include "appcore/json/number.hpp"
#include "appcore/schema/predict_request.hpp"

namespace appcore::api {
namespace {

constexpr std::size_t kKeptFeatures =
    128 * 1024;  // 1 MiB; the memory of longer lists is given back

constexpr int kTooLarge = 413;  // also for errors that are too long to be listed

class Predict {
  public:
    Predict(const models::PredictionModel& model, const system::Clock& clock, system::IdSource& ids)
        : model_(model), rules_(model.input()), clock_(clock), ids_(ids) {}

    void operator()(const http::Request& request, http::Response& response, Outcome& outcome) try {
        const auto content_type = request.header(http::Header::content_type).value_or("");
        auto rejection =
            schema::read_predict_request(content_type, request.body, rules_, features_);
        if (rejection) {
            refuse(std::move(*rejection), response);
        } else if (model_.is_healthy()) {
            predict(request.body, response, outcome);
        } else {
            answer_error(503, response);
        }
        if (features_.capacity() > kKeptFeatures) give_back();
    } catch (const std::bad_alloc&) {
        give_back();
        throw;
    }

  private:
    static void refuse(schema::Rejection rejection, http::Response& response) {
        if (rejection.status == kTooLarge) {
            answer_error(kTooLarge, response);
            return;
        }
        response.set_status(rejection.status);
        response.add_header("Content-Type", http::kJson);
        response.body = std::move(rejection.body);
    }

    void give_back() { std::vector<double>().swap(features_); }

    void predict(std::string_view request_body, http::Response& response, Outcome& outcome) {
        const system::SteadyTime begin = clock_.steady();
        const double result = model_.predict(features_);
        outcome.prediction = clock_.steady() - begin;
        if (!std::isfinite(result)) {
            outcome.prediction_failed = true;
            refuse(schema::refuse_prediction(request_body), response);
            return;
        }

        response.set(201, http::kJson, R"({"prediction_id":")");
        std::string& body = response.body;
        body.append(ids_.next().text()).append(R"(","result":)");
        json::append_float(body, result);
        body.append(R"(,"model_version":")").append(model_.version());
        body.append(R"(","created_at":")");
        system::append_python_isoformat(body, clock_.wall());
        body.append(R"("})");
    }

    const models::PredictionModel& model_;
    models::InputRules rules_;
    const system::Clock& clock_;
    system::IdSource& ids_;
    std::vector<double> features_;  // its memory serves all requests
};

}  // namespace

Action predict_action(const models::PredictionModel& model, const system::Clock& clock,
                      system::IdSource& ids) {
    return Predict(model, clock, ids);
}

}  // namespace appcore::api
