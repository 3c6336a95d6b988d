#include "appcore/metrics/serializer.hpp"

#include <limits>
#include <sstream>

#include "appcore/metrics/sample_value.hpp"
#include "catch.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

std::string value(double number) {
    std::string out;
    append_sample_value(out, number);
    return out;
}

std::string serialize(ExpositionFormat format, const MetricFamily& family) {
    return Serializer{format}.Serialize(std::vector<MetricFamily>{family});
}

MetricFamily counter(const std::string& label_value) {
    ClientMetric metric;
    metric.label = {{"path", label_value}};
    metric.counter.value = 3;
    return {"hits_total", "Say \"hits\"\nor \\", MetricType::Counter, {metric}};
}

}  // namespace

// Expected values: floatToGoString of Python's prometheus_client.
TEST_CASE("values are printed as Python's client prints them") {
    CHECK(value(0) == "0.0");
    CHECK(value(1) == "1.0");
    CHECK(value(0.005) == "0.005");
    CHECK(value(1e-05) == "1e-05");
    CHECK(value(-2.5) == "-2.5");
    CHECK(value(999999) == "999999.0");
    CHECK(value(1000000) == "1e+06");
    CHECK(value(1234567) == "1.234567e+06");
    CHECK(value(1795416072.670475) == "1.795416072670475e+09");
    CHECK(value(59744256) == "5.9744256e+07");
    CHECK(value(-1000000) == "-1000000.0");
    CHECK(value(1e16) == "1e+16");
    CHECK(value(std::numeric_limits<double>::infinity()) == "+Inf");
    CHECK(value(-std::numeric_limits<double>::infinity()) == "-Inf");
    CHECK(value(std::numeric_limits<double>::quiet_NaN()) == "NaN");
}

TEST_CASE("an exponent beyond nine has two digits") {
    CHECK(value(12345678901) == "1.2345678901e+10");
    CHECK(value(1e15) == "1e+15");
}

TEST_CASE("label values and help texts are escaped") {
    CHECK(serialize(ExpositionFormat::text, counter("a\"b\\c\nd")) ==
          "# HELP hits_total Say \"hits\"\\nor \\\\\n"
          "# TYPE hits_total counter\n"
          "hits_total{path=\"a\\\"b\\\\c\\nd\"} 3.0\n");
}

TEST_CASE(
    "in OpenMetrics a counter's family has no _total, help is quoted, and the end is marked") {
    CHECK(serialize(ExpositionFormat::open_metrics, counter("/")) ==
          "# HELP hits Say \\\"hits\\\"\\nor \\\\\n"
          "# TYPE hits counter\n"
          "hits_total{path=\"/\"} 3.0\n"
          "# EOF\n");
}

TEST_CASE("a gauge named _info is an info family in OpenMetrics") {
    ClientMetric metric;
    metric.label = {{"version", "0.1.0"}};
    metric.gauge.value = 1;
    const MetricFamily family{"app_info", "Application metadata", MetricType::Gauge, {metric}};
    CHECK(serialize(ExpositionFormat::open_metrics, family) ==
          "# HELP app Application metadata\n# TYPE app info\napp_info{version=\"0.1.0\"} 1.0\n"
          "# EOF\n");
    CHECK(serialize(ExpositionFormat::text, family) ==
          "# HELP app_info Application metadata\n# TYPE app_info gauge\n"
          "app_info{version=\"0.1.0\"} 1.0\n");
}

TEST_CASE("le stands in its place among the labels, and +Inf is always there once") {
    ClientMetric metric;
    metric.label = {{"a", "1"}, {"z", "2"}};
    metric.histogram.sample_count = 3;
    metric.histogram.sample_sum = 1.5;
    metric.histogram.bucket = {{2, 1.0}, {3, std::numeric_limits<double>::infinity()}};
    const std::string expected =
        "# HELP t T\n# TYPE t histogram\n"
        "t_bucket{a=\"1\",le=\"1.0\",z=\"2\"} 2.0\n"
        "t_bucket{a=\"1\",le=\"+Inf\",z=\"2\"} 3.0\n"
        "t_count{a=\"1\",z=\"2\"} 3.0\n"
        "t_sum{a=\"1\",z=\"2\"} 1.5\n";
    CHECK(serialize(ExpositionFormat::text, {"t", "T", MetricType::Histogram, {metric}}) ==
          expected);
    metric.histogram.bucket.pop_back();
    CHECK(serialize(ExpositionFormat::text, {"t", "T", MetricType::Histogram, {metric}}) ==
          expected);
    metric.label.clear();
    CHECK(serialize(ExpositionFormat::text, {"t", "T", MetricType::Histogram, {metric}})
              .find("t_bucket{le=\"1.0\"} 2.0\n") != std::string::npos);
}

TEST_CASE("untyped families have the type name of the format") {
    ClientMetric metric;
    metric.untyped.value = 2;
    const MetricFamily family{"u", "U", MetricType::Untyped, {metric}};
    CHECK(serialize(ExpositionFormat::text, family) == "# HELP u U\n# TYPE u untyped\nu 2.0\n");
    CHECK(serialize(ExpositionFormat::open_metrics, family) ==
          "# HELP u U\n# TYPE u unknown\nu 2.0\n# EOF\n");
}

TEST_CASE("writing to a stream is the same as to a string") {
    std::ostringstream out;
    const std::vector<MetricFamily> families{counter("/")};
    const Serializer serializer{ExpositionFormat::text};
    static_cast<const prometheus::Serializer&>(serializer).Serialize(out, families);
    CHECK(out.str() == serializer.Serialize(families));
}
