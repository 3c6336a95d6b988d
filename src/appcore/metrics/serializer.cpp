#include "appcore/metrics/serializer.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <ostream>
#include <string_view>

#include "appcore/json/number.hpp"

namespace appcore::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotalSuffix = "_total";
constexpr std::string_view kInfoSuffix = "_info";
constexpr std::string_view kLe = "le";

void append_escaped(std::string& out, std::string_view text, bool escape_quotes) {
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && escape_quotes) {
            out += "\\\"";
        } else {
            out += c;
        }
    }
}

void append_label(std::string& out, char& separator, std::string_view name,
                  std::string_view value) {
    out += separator;
    separator = ',';
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
}

// "{a="x",le="0.5"}", or nothing without any label.
void append_labels(std::string& out, const std::vector<ClientMetric::Label>& labels,
                   std::optional<double> upper_bound) {
    if (labels.empty() && !upper_bound) return;
    char separator = '{';
    std::string bound;
    if (upper_bound) append_sample_value(bound, *upper_bound);
    for (const ClientMetric::Label& label : labels) {
        if (!bound.empty() && kLe < label.name) {
            append_label(out, separator, kLe, bound);
            bound.clear();
        }
        append_label(out, separator, label.name, label.value);
    }
    if (!bound.empty()) append_label(out, separator, kLe, bound);
    out += '}';
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix,
                   const ClientMetric& metric, double value,
                   std::optional<double> upper_bound = std::nullopt) {
    out += name;
    out += suffix;
    append_labels(out, metric.label, upper_bound);
    out += ' ';
    append_sample_value(out, value);
    out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const ClientMetric& metric) {
    constexpr std::string_view kBucketSuffix = "_bucket";
    const ClientMetric::Histogram& histogram = metric.histogram;
    const auto count = static_cast<double>(histogram.sample_count);
    for (const ClientMetric::Bucket& bucket : histogram.bucket) {
        if (std::isinf(bucket.upper_bound)) continue;
        const auto below = static_cast<double>(bucket.cumulative_count);
        append_sample(out, name, kBucketSuffix, metric, below, bucket.upper_bound);
    }
    append_sample(out, name, kBucketSuffix, metric, count, std::numeric_limits<double>::infinity());
    append_sample(out, name, "_count", metric, count);
    append_sample(out, name, "_sum", metric, histogram.sample_sum);
}

void append_metric(std::string& out, const MetricFamily& family, const ClientMetric& metric) {
    switch (family.type) {
        case MetricType::Counter:
            return append_sample(out, family.name, "", metric, metric.counter.value);
        case MetricType::Gauge:
            return append_sample(out, family.name, "", metric, metric.gauge.value);
        case MetricType::Untyped:
            return append_sample(out, family.name, "", metric, metric.untyped.value);
        case MetricType::Histogram:
            return append_histogram(out, family.name, metric);
        case MetricType::Summary:
            return;
    }
}

std::string_view type_name(MetricType type, ExpositionFormat format) {
    switch (type) {
        case MetricType::Counter:
            return "counter";
        case MetricType::Gauge:
            return "gauge";
        case MetricType::Histogram:
            return "histogram";
        case MetricType::Summary:
            return "summary";
        case MetricType::Untyped:
            break;
    }
    return format == ExpositionFormat::open_metrics ? "unknown" : "untyped";
}

void append_family(std::string& out, const MetricFamily& family, ExpositionFormat format) {
    const bool is_open_metrics = format == ExpositionFormat::open_metrics;
    std::string_view name = family.name;
    std::string_view type = type_name(family.type, format);
    if (is_open_metrics && family.type == MetricType::Counter && name.ends_with(kTotalSuffix)) {
        name.remove_suffix(kTotalSuffix.size());
    }
    if (is_open_metrics && family.type == MetricType::Gauge && name.ends_with(kInfoSuffix)) {
        name.remove_suffix(kInfoSuffix.size());
        type = "info";
    }
    out += "# HELP ";
    out += name;
    out += ' ';
    append_escaped(out, family.help, is_open_metrics);
    out += "\n# TYPE ";
    out += name;
    out += ' ';
    out += type;
    out += '\n';
    for (const ClientMetric& metric : family.metric) append_metric(out, family, metric);
}

}  // namespace

std::string Serializer::Serialize(const std::vector<MetricFamily>& families) const {
    std::string out;
    for (const MetricFamily& family : families) append_family(out, family, format_);
    if (format_ == ExpositionFormat::open_metrics) out += "# EOF\n";
    return out;
}

void Serializer::Serialize(std::ostream& out, const std::vector<MetricFamily>& families) const {
    out << Serialize(families);
}

void append_sample_value(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
        return;
    }
    if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
        return;
    }
    const std::size_t start = out.size();
    json::append_float(out, value);
    const std::size_t point = out.find('.', start);
    constexpr std::size_t kPlainDigits = 6;  // Go prints seven and more with an exponent
    if (value < 0 || point == std::string::npos || point - start <= kPlainDigits) return;

    const std::size_t exponent = point - start - 1;
    out.erase(point, 1);
    out.insert(start + 1, 1, '.');
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
    out += exponent < 10 ? "e+0" : "e+";
    out += std::to_string(exponent);
}

}  // namespace appcore::metrics
