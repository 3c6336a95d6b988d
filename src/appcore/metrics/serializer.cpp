#include "appcore/metrics/serializer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ostream>
#include <span>
#include <string_view>

#include "appcore/metrics/sample_value.hpp"

namespace appcore::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotalSuffix = "_total";
constexpr std::string_view kInfoSuffix = "_info";
constexpr std::string_view kLe = "le";
constexpr std::size_t kBytesPerSample = 128;  // about; memory that is never touched costs nothing

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

using Labels = std::span<const ClientMetric::Label>;

// "a="x",b="y"".
std::string label_list(Labels labels) {
    std::string list;
    for (const ClientMetric::Label& label : labels) {
        if (!list.empty()) list += ',';
        (list += label.name) += "=\"";
        append_escaped(list, label.value, true);
        list += '"';
    }
    return list;
}

// The same in braces, or nothing without any label.
std::string braced_labels(Labels labels) {
    return labels.empty() ? std::string() : '{' + label_list(labels) + '}';
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix,
                   std::string_view labels, double value) {
    ((out += name) += suffix) += labels;
    out += ' ';
    append_sample_value(out, value);
    out += '\n';
}

// OpenMetrics 1.0, section "Exemplars": the labels, the value, and the time in seconds.
void append_exemplar(std::string& out, const BucketExemplar& exemplar) {
    using std::chrono::milliseconds;
    const auto time = std::chrono::floor<milliseconds>(exemplar.time).time_since_epoch().count();
    const auto fraction = std::to_string(1000 + time % 1000);
    ((out += " # {trace_id=\"") += exemplar.trace.text()) += "\"} ";
    append_sample_value(out, to_seconds(exemplar.nanoseconds));
    out += ' ';
    out += std::to_string(time / 1000);
    out += '.';
    out.append(fraction, 1);
}

// The texts of upper bounds, which all series of a family share.
class Bounds {
  public:
    // The text of the bound that is the `at`-th of its series.
    const std::string& text(std::size_t at, double bound) {
        if (at >= known_.size()) known_.resize(at + 1);
        Known& known = known_[at];
        if (known.text.empty() || known.bound != bound) {
            known = {bound, {}};
            append_sample_value(known.text, bound);
        }
        return known.text;
    }

  private:
    struct Known {
        double bound = 0;
        std::string text;
    };
    std::vector<Known> known_;
};

void append_histogram(std::string& out, std::string_view name, const ClientMetric& metric,
                      Bounds& bounds, const SeriesExemplars* exemplars) {
    const ClientMetric::Histogram& histogram = metric.histogram;
    const auto count = static_cast<double>(histogram.sample_count);
    // All of a line but its bound and its value.
    const auto behind = std::ranges::find_if(
        metric.label, [](const ClientMetric::Label& label) { return kLe < label.name; });
    std::string begin = std::string(name) + "_bucket{" + label_list({metric.label.begin(), behind});
    if (begin.back() != '{') begin += ',';
    (begin += kLe) += "=\"";
    std::string end = "\"";
    const std::string after = label_list({behind, metric.label.end()});
    if (!after.empty()) (end += ',') += after;
    end += "} ";

    std::size_t at = 0;
    const auto append = [&](std::string_view bound, double below) {
        ((out += begin) += bound) += end;
        append_sample_value(out, below);
        if (exemplars != nullptr && at < exemplars->size() && (*exemplars)[at]) {
            append_exemplar(out, *(*exemplars)[at]);
        }
        out += '\n';
        ++at;
    };
    for (const ClientMetric::Bucket& bucket : histogram.bucket) {
        if (std::isinf(bucket.upper_bound)) continue;
        append(bounds.text(at, bucket.upper_bound), static_cast<double>(bucket.cumulative_count));
    }
    append("+Inf", count);
    const std::string labels = braced_labels(metric.label);
    append_sample(out, name, "_count", labels, count);
    append_sample(out, name, "_sum", labels, histogram.sample_sum);
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

void append_head(std::string& out, const MetricFamily& family, ExpositionFormat format) {
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
    ((out += "# HELP ") += name) += ' ';
    append_escaped(out, family.help, is_open_metrics);
    (((out += "\n# TYPE ") += name) += ' ') += type;
    out += '\n';
}

void append_family(std::string& out, const MetricFamily& family, ExpositionFormat format,
                   const Exemplars* exemplars) {
    append_head(out, family, format);
    Bounds bounds;
    for (const ClientMetric& metric : family.metric) {
        if (family.type == MetricType::Histogram) {
            const bool has_exemplars =
                exemplars != nullptr && format == ExpositionFormat::open_metrics;
            append_histogram(out, family.name, metric, bounds,
                             has_exemplars ? exemplars->find(family.name, metric.label) : nullptr);
        } else if (family.type != MetricType::Summary) {
            const double value = family.type == MetricType::Counter ? metric.counter.value
                                 : family.type == MetricType::Gauge ? metric.gauge.value
                                                                    : metric.untyped.value;
            append_sample(out, family.name, "", braced_labels(metric.label), value);
        }
    }
}

std::size_t count_samples(const std::vector<MetricFamily>& families) {
    std::size_t count = 0;
    for (const MetricFamily& family : families) {
        for (const ClientMetric& metric : family.metric) {
            count += 3 + metric.histogram.bucket.size();
        }
    }
    return count;
}

}  // namespace

std::string Serializer::Serialize(const std::vector<MetricFamily>& families) const {
    std::string out;
    out.reserve(count_samples(families) * kBytesPerSample);
    for (const MetricFamily& family : families) append_family(out, family, format_, exemplars_);
    if (format_ == ExpositionFormat::open_metrics) out += "# EOF\n";
    return out;
}

void Serializer::Serialize(std::ostream& out, const std::vector<MetricFamily>& families) const {
    out << Serialize(families);
}

}  // namespace appcore::metrics
