// What a request may be beyond the old service's rules: docs/models.md, "Requests". The replies
// were recorded with pydantic 2 for a list of exactly three.

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "appcore/api/app.hpp"
#include "appcore/api/routes.hpp"
#include "appcore/schema/predict_request.hpp"
#include "catch.hpp"
#include "fakes.hpp"

using namespace appcore;
using models::InputRules;

namespace {

constexpr InputRules kThree{3, false, false};
constexpr InputRules kNull{3, true, false};
constexpr InputRules kFloat{3, false, true};

// The items of the 422; nothing if the body is accepted.
std::string items(const InputRules& rules, std::string_view list) {
    std::vector<double> features;
    const auto rejection = schema::read_predict_request(
        "application/json", R"({"features":)" + std::string(list) + "}", rules, features);
    if (!rejection) return "";
    CHECK(rejection->status == 422);
    CHECK(nlohmann::json::accept(rejection->body));
    constexpr std::string_view kOpening = R"({"detail":[)";
    return rejection->body.substr(kOpening.size(), rejection->body.size() - kOpening.size() - 2);
}

std::vector<double> accepted(const InputRules& rules, std::string_view list) {
    std::vector<double> features;
    const auto rejection = schema::read_predict_request(
        "application/json", R"({"features":)" + std::string(list) + "}", rules, features);
    if (rejection) FAIL(rejection->body);
    return features;
}

std::string item(std::string_view type, int index, std::string_view message,
                 std::string_view input) {
    return R"({"type":")" + std::string(type) + R"(","loc":["body","features",)" +
           std::to_string(index) + R"(],"msg":")" + std::string(message) + R"(","input":)" +
           std::string(input) + "}";
}

std::string float_type(int index, std::string_view input) {
    return item("float_type", index, "Input should be a valid number", input);
}

std::string not_finite(int index, std::string_view input) {
    return item("finite_number", index, "Input should be a finite number", input);
}

}  // namespace

TEST_CASE("a list that is too long is refused before its items are read") {
    constexpr std::string_view kWords =
        R"({"type":"too_long","loc":["body","features"],)"
        R"("msg":"List should have at most 3 items after validation, not 4","input":)";
    constexpr std::string_view kContext =
        R"(,"ctx":{"field_type":"List","max_length":3,"actual_length":4}})";
    for (const std::string list : {"[1.0,2.0,3.0,4.0]", R"(["x",null,[],{}])"}) {
        CHECK(items(kThree, list) == std::string(kWords) + list + std::string(kContext));
    }
}

TEST_CASE("a list that is too short is refused after its items are read") {
    CHECK(items(kThree, "[1.0,2.0]") ==
          R"({"type":"too_short","loc":["body","features"],)"
          R"("msg":"List should have at least 3 items after validation, not 2",)"
          R"("input":[1.0,2.0],"ctx":{"field_type":"List","min_length":3,"actual_length":2}})");
    CHECK(items(kThree, R"(["x",2])") ==
          item("float_parsing", 0,
               "Input should be a valid number, unable to parse string as a number", R"("x")"));
    CHECK(items(kThree, "[]").starts_with(R"({"type":"too_short")"));
}

TEST_CASE("a model of one feature asks for one item") {
    constexpr InputRules kOne{1, false, false};
    CHECK(items(kOne, "[]").find("at least 1 item after validation, not 0") != std::string::npos);
    CHECK(items(kOne, "[1,2]").find("at most 1 item after validation, not 2") != std::string::npos);
    CHECK(accepted(kOne, "[7]") == std::vector<double>{7});
}

TEST_CASE("null is a missing value only if the model was compiled so") {
    CHECK(items(kThree, "[1,null,3]") == float_type(1, "null"));
    const std::vector<double> features = accepted(kNull, "[1,null,3]");
    REQUIRE(features.size() == 3);
    CHECK(features[0] == 1);
    CHECK(std::isnan(features[1]));
    CHECK(features[2] == 3);
    CHECK(accepted(kNull, "[null,null,null]").size() == 3);
    CHECK(items(kNull, R"([null,"null",[]])") ==
          item("float_parsing", 1,
               "Input should be a valid number, unable to parse string as a number", R"("null")") +
              "," + float_type(2, "[]"));
    CHECK(items(kNull, "null").find("list_type") != std::string::npos);
    CHECK(items(kNull, "[null]").find("too_short") != std::string::npos);
}

TEST_CASE("NaN and infinity stay refused where null is a missing value") {
    CHECK(items(kNull, "[NaN,null,3]") == not_finite(0, R"("NaN")"));
    CHECK(items(kNull, "[1,Infinity,-Infinity]") ==
          not_finite(1, R"("Infinity")") + "," + not_finite(2, R"("-Infinity")"));
    CHECK(items(kNull, R"(["nan",null,null])") == not_finite(0, R"("nan")"));
}

TEST_CASE("a number that overflows float32 is refused where the model's features are float32") {
    // Halfway between the largest float and the next power of two: from there on it is infinite.
    const std::string largest = "3.4028235677973362e+38";
    const std::string beyond = "3.4028235677973366e+38";
    CHECK(accepted(kFloat, "[" + largest + ",-" + largest + ",1e-320]").size() == 3);
    CHECK(items(kFloat, "[1,2," + beyond + "]") == not_finite(2, beyond));
    CHECK(items(kFloat, "[-1e39,2,\"1e300\"]") ==
          not_finite(0, "-1e+39") + "," + not_finite(2, R"("1e300")"));
    CHECK(accepted(kThree, "[1e39,-1e300," + beyond + "]").size() == 3);
    // As with infinity, another mistake in the list is the one that is told.
    CHECK(items(kFloat, "[1e39,[],3]") == float_type(1, "[]"));
}

TEST_CASE("a prediction that is not finite is a 422 that says so, and counts as an error") {
    class Endless final : public models::PredictionModel {
      public:
        explicit Endless(fakes::Clock& clock) : clock_(clock) {}
        [[nodiscard]] std::string_view version() const override { return "endless"; }
        [[nodiscard]] InputRules input() const override { return kNull; }
        [[nodiscard]] double predict(std::span<const double> features) const override {
            clock_.steady_now += std::chrono::milliseconds(30);
            return features[0] > 0 ? std::numeric_limits<double>::infinity()
                                   : std::numeric_limits<double>::quiet_NaN();
        }
        [[nodiscard]] bool is_healthy() const override { return true; }

      private:
        fakes::Clock& clock_;
    };
    class Outcomes final : public api::Observer {
      public:
        void request_ends(const api::Exchange& exchange) override { last = exchange.outcome; }
        void failure(std::string_view what) override { FAIL(what); }
        api::Outcome last;
    };
    fakes::Clock clock;
    const Endless model(clock);
    fakes::Ids ids;
    Outcomes observer;
    api::App app(api::worker_routes(model, clock, ids), ids, observer);
    // Integers, texts and booleans come back as they were sent, as in other refusals of a list.
    for (const std::string list : {"[1.5,null,3.0]", "[-1.0,2.0,3.0]", "[5,5.0,true]",
                                   R"(["1e308",170000000000000000000000000000000000000,-1])"}) {
        const std::string body = R"({"features":)" + list + "}";
        http::Request request;
        request.method = http::parse_method("POST");
        request.method_name = "POST";
        request.target = "/predict";
        request.body = body;
        http::Response response;
        app.handle(request, response);
        CHECK(response.status() == 422);
        CHECK(response.body ==
              R"({"detail":[{"type":"no_prediction","loc":["body","features"],"msg":)"
              R"("The model's prediction for these features is not a finite number","input":)" +
                  list + "}]}");
        CHECK(observer.last.prediction == std::chrono::milliseconds(30));
        CHECK(observer.last.prediction_failed);
    }
}
