#include "appcore/api/predict.hpp"

#include <cmath>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "appcore/api/errors.hpp"
#include "appcore/json/number.hpp"
#include "appcore/schema/predict_request.hpp"
#include "appcore/schema/validation_error.hpp"

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
        if (rejection && rejection->status == kTooLarge) {
            answer_error(kTooLarge, response);
        } else if (rejection) {
            answer(rejection->status, std::move(rejection->body), response);
        } else if (model_.is_healthy()) {
            predict(response, outcome);
        } else {
            answer_error(503, response);
        }
        if (features_.capacity() > kKeptFeatures) give_back();
    } catch (const std::bad_alloc&) {
        give_back();
        throw;
    }

  private:
    static void answer(int status, std::string body, http::Response& response) {
        response.set_status(status);
        response.add_header("Content-Type", http::kJson);
        response.body = std::move(body);
    }

    void give_back() { std::vector<double>().swap(features_); }

    void predict(http::Response& response, Outcome& outcome) {
        const system::SteadyTime begin = clock_.steady();
        const double result = model_.predict(features_);
        outcome.prediction = clock_.steady() - begin;
        if (!std::isfinite(result)) {
            outcome.prediction_failed = true;
            refuse_features(response);
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

    // The features are what a client may send, but the model has no finite prediction for them.
    void refuse_features(http::Response& response) const {
        schema::ValidationErrors errors;
        std::string& input =
            errors.begin(schema::error_type::kNoPrediction, schema::error_location::kFeatures);
        char before = '[';
        for (const double feature : features_) {
            if (input.size() > schema::ValidationErrors::kMaxReply) break;
            input += std::exchange(before, ',');
            if (std::isnan(feature)) {
                input += "null";
            } else {
                json::append_float(input, feature);
            }
        }
        input += ']';
        errors.end();
        std::optional<std::string> reply = errors.finish();
        if (reply) return answer(422, std::move(*reply), response);
        answer_error(kTooLarge, response);
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
