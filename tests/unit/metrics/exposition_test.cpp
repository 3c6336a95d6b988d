#include "appcore/metrics/exposition.hpp"

#include <zlib.h>

#include "catch.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::string_view kTextType = "text/plain; version=0.0.4; charset=utf-8";

std::string gunzip(std::string_view bytes) {
    std::string source(bytes);
    std::string out(1U << 20U, '\0');
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(source.data());  // NOLINT
    stream.avail_in = static_cast<uInt>(source.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());  // NOLINT
    stream.avail_out = static_cast<uInt>(out.size());
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

const std::vector<prometheus::MetricFamily> kFamilies{
    {"hits_total", "Hits", prometheus::MetricType::Counter, {}}};

}  // namespace

TEST_CASE("OpenMetrics is chosen where Accept lists it and does not prefer plain text") {
    const auto is_open_metrics = [](std::string_view accept) {
        return choose_format(accept) == ExpositionFormat::open_metrics;
    };
    CHECK(is_open_metrics("application/openmetrics-text"));
    CHECK(is_open_metrics("application/openmetrics-text; version=1.0.0"));
    CHECK(is_open_metrics("text/plain, application/openmetrics-text"));
    CHECK(is_open_metrics("text/html,application/openmetrics-text;q=0.5"));
    CHECK(is_open_metrics("*/*;q=1 ,  application/openmetrics-text ;q=0.1"));
    CHECK(is_open_metrics(  // Prometheus
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
        "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
    CHECK(is_open_metrics(
        "application/openmetrics-text;version=0.0.1;q=0, application/openmetrics-text"));
    CHECK_FALSE(is_open_metrics("*/*;q=1 ,  application/openmetrics-text ;q=0"));
    CHECK_FALSE(is_open_metrics("application/openmetrics-text; version=1.0.0; Q=0.000"));
    CHECK_FALSE(is_open_metrics("Text/Plain, application/openmetrics-text;q=0.9"));
    CHECK_FALSE(is_open_metrics(""));
    CHECK_FALSE(is_open_metrics("*/*"));
    CHECK_FALSE(is_open_metrics("text/plain"));
    CHECK_FALSE(is_open_metrics("Application/OpenMetrics-Text"));
    CHECK_FALSE(is_open_metrics("application/openmetrics-text2"));
    CHECK_FALSE(is_open_metrics("text/plain;application/openmetrics-text"));
}

TEST_CASE("gzip is chosen where Accept-Encoding lists it with a weight above zero") {
    CHECK(accepts_gzip("gzip"));
    CHECK(accepts_gzip("GZIP"));
    CHECK(accepts_gzip("deflate, GZIP;q=0.5"));
    CHECK(accepts_gzip("gzip;q=0.001"));
    CHECK(accepts_gzip("gzip;q=1.0"));
    CHECK(accepts_gzip("gzip;q=0, gzip"));
    CHECK(accepts_gzip("identity;q=0.5, gzip;q=0.5"));
    CHECK_FALSE(accepts_gzip("gzip;q=0.5, identity"));
    CHECK_FALSE(accepts_gzip(""));
    CHECK_FALSE(accepts_gzip("identity"));
    CHECK_FALSE(accepts_gzip("*"));
    CHECK_FALSE(accepts_gzip("x-gzip"));
    CHECK_FALSE(accepts_gzip("gzip;q=0"));
    CHECK_FALSE(accepts_gzip("gzip ; Q = 0.000"));
    CHECK_FALSE(accepts_gzip("deflate;q=1, gzip;q=0."));
}

TEST_CASE("a scrape is answered in the format and encoding that it asks for") {
    const Exposition plain = render_exposition(kFamilies, "", "");
    CHECK(plain.content_type == kTextType);
    CHECK(plain.content_encoding.empty());
    CHECK(plain.body == "# HELP hits_total Hits\n# TYPE hits_total counter\n");

    const Exposition open_metrics =
        render_exposition(kFamilies, "application/openmetrics-text", "identity");
    CHECK(open_metrics.content_type ==
          "application/openmetrics-text; version=1.0.0; charset=utf-8");
    CHECK(open_metrics.body == "# HELP hits Hits\n# TYPE hits counter\n# EOF\n");

    const Exposition compressed = render_exposition(kFamilies, "", "gzip");
    CHECK(compressed.content_type == kTextType);
    CHECK(compressed.content_encoding == "gzip");
    CHECK(gunzip(compressed.body) == plain.body);
}

TEST_CASE("compressing keeps every byte and saves most of a scrape") {
    std::string text;
    for (int i = 0; i < 2000; ++i)
        text += "http_requests_total{endpoint=\"/health\"} " + std::to_string(i) + "\n";
    const std::string compressed = gzip(text);
    CHECK(gunzip(compressed) == text);
    CHECK(compressed.size() < text.size() / 5);
    CHECK(gunzip(gzip("")).empty());
}
