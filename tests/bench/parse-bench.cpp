// What reading the body of POST /predict costs by the ways that were considered: nanoseconds a
// feature (best of several rounds) and the ratio to our scanner.
#include <simdjson.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "appcore/schema/feature_scanner.hpp"

namespace {

struct Reader {
    const char* name;
    std::function<bool(const std::string&, std::vector<double>&)> read;
};

class FeatureHandler final : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit FeatureHandler(std::vector<double>& features) : features_(features) {}
    bool null() override { return false; }
    bool boolean(bool /*value*/) override { return false; }
    bool number_integer(number_integer_t value) override { return add(static_cast<double>(value)); }
    bool number_unsigned(number_unsigned_t value) override {
        return add(static_cast<double>(value));
    }
    bool number_float(number_float_t value, const string_t& /*text*/) override {
        return add(value);
    }
    bool string(string_t& /*value*/) override { return false; }
    bool binary(binary_t& /*value*/) override { return false; }
    bool start_object(std::size_t /*size*/) override { return !in_list_; }
    bool key(string_t& name) override { return name == "features"; }
    bool end_object() override { return true; }
    bool start_array(std::size_t /*size*/) override { return !std::exchange(in_list_, true); }
    bool end_array() override { return true; }
    bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) override {
        return false;
    }

  private:
    bool add(double value) {
        features_.push_back(value);
        return true;
    }
    std::vector<double>& features_;
    bool in_list_ = false;
};

bool read_with_nlohmann(const std::string& body, std::vector<double>& features) {
    features.clear();
    FeatureHandler handler(features);
    return nlohmann::json::sax_parse(body, &handler);
}

bool read_with_simdjson(const std::string& body, std::vector<double>& features) {
    static simdjson::dom::parser parser;
    features.clear();
    simdjson::dom::array list;
    if (parser.parse(body)["features"].get_array().get(list) != simdjson::SUCCESS) return false;
    for (const simdjson::dom::element item : list) {
        double value = 0;
        if (item.get_double().get(value) != simdjson::SUCCESS) return false;
        features.push_back(value);
    }
    return true;
}

// The scanner without its short cut for short numbers: every value goes through from_chars.
bool read_with_from_chars(const std::string& body, std::vector<double>& features) {
    features.clear();
    const char* at = body.data() + body.find('[') + 1;
    const char* const end = body.data() + body.size();
    while (at != end && *at != ']') {
        double value = 0;
        const auto [next, error] = std::from_chars(at, end, value);
        if (error != std::errc{}) return false;
        features.push_back(value);
        at = next + (*next == ',' ? 1 : 0);
    }
    return at != end;
}

std::string make_body(std::size_t count, bool integers) {
    std::mt19937_64 random(count);
    std::uniform_real_distribution<double> real(-1000.0, 1000.0);
    std::uniform_int_distribution<int> small(-1000, 1000);
    std::string body = "{\"features\":[";
    char text[64];
    for (std::size_t i = 0; i < count; ++i) {
        if (i != 0) body += ',';
        const int size = integers ? std::snprintf(text, sizeof text, "%d", small(random))
                                  : std::snprintf(text, sizeof text, "%.17g", real(random));
        body.append(text, static_cast<std::size_t>(size));
    }
    return body + "]}";
}

double nanoseconds_a_feature(const Reader& reader, const std::string& body, std::size_t count) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> features;
    const std::size_t repeats = std::max<std::size_t>(1, 300'000 / count);
    double best = 1e300;
    for (int round = 0; round < 9; ++round) {
        const auto start = Clock::now();
        for (std::size_t i = 0; i < repeats; ++i) {
            if (!reader.read(body, features) || features.size() != count) {
                std::printf("%s does not read the body\n", reader.name);
                return 0;
            }
        }
        const std::chrono::duration<double, std::nano> spent = Clock::now() - start;
        best = std::min(best, spent.count() / static_cast<double>(repeats * count));
    }
    return best;
}

}  // namespace

int main() {
    const std::vector<Reader> readers = {
        {"scanner",
         [](const std::string& body, std::vector<double>& features) {
             return appcore::schema::scan_features(body, features);
         }},
        {"from_chars", read_with_from_chars},
        {"nlohmann", read_with_nlohmann},
        {"simdjson", read_with_simdjson},
    };
    std::printf("%-9s %8s", "numbers", "features");
    for (const Reader& reader : readers) std::printf(" %18s", reader.name);
    std::printf("\n");
    for (const bool integers : {false, true}) {
        for (const std::size_t count : {3U, 30U, 1000U, 100'000U}) {
            const std::string body = make_body(count, integers);
            std::printf("%-9s %8zu", integers ? "integers" : "17 digits", count);
            double ours = 0;
            for (const Reader& reader : readers) {
                const double spent = nanoseconds_a_feature(reader, body, count);
                if (ours == 0) ours = spent;
                std::printf(" %7.1f ns %6.2fx", spent, spent / ours);
            }
            std::printf("\n");
        }
    }
}
