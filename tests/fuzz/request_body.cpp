// The body of POST /predict. Input: a byte that chooses the content type, then the body.

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "appcore/json/number.hpp"
#include "appcore/models/mean_model.hpp"
#include "appcore/schema/feature_scanner.hpp"
#include "appcore/schema/predict_request.hpp"
#include "fuzz.hpp"

using namespace appcore;

namespace {

constexpr std::array<std::string_view, 4> kTypes = {"", "application/json", "text/plain",
                                                    "application/problem+json; charset=x"};

bool same_bits(const std::vector<double>& one, const std::vector<double>& other) {
    return one.size() == other.size() &&
           std::memcmp(one.data(), other.data(), one.size() * sizeof(double)) == 0;
}

// The scanner does not know the byte order mark, so one before the body leads to the exact rules.
void compare_with_exact(std::string_view body, const std::vector<double>& scanned) {
    std::vector<double> exact;
    const auto rejection =
        schema::read_predict_request("", std::string("\xEF\xBB\xBF").append(body), {}, exact);
    fuzz::ensure(!rejection, "what the scanner accepts is good");
    fuzz::ensure(same_bits(scanned, exact), "the scanner's values are the exact ones");
}

void check_mean(const std::vector<double>& features) {
    const models::MeanModel model;
    const double mean = model.predict(features);
    fuzz::ensure(std::isfinite(mean), "the mean is finite");
    std::string text;
    json::append_float(text, mean);
    double again = 0;
    std::from_chars(text.data(), text.data() + text.size(), again);
    fuzz::ensure(again == mean, "the printed mean is the mean");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static std::vector<double> features;
    fuzz::Input input(data, size);
    const std::string_view type = kTypes[input.byte() % kTypes.size()];
    const std::string_view body = input.rest();

    if (schema::scan_features(body, features)) compare_with_exact(body, features);
    if (const auto rejection = schema::read_predict_request(type, body, {}, features)) {
        fuzz::ensure(rejection->status == 400 || rejection->status == 422, "400 or 422");
        fuzz::ensure(fuzz::is_json(rejection->body), "the refusal is JSON in UTF-8");
    } else {
        fuzz::ensure(!features.empty(), "a good body has features");
        check_mean(features);
    }
    return 0;
}
