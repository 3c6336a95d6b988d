// The reply to a scrape: which format, compressed or not, and its bytes.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <vector>

#include "appcore/metrics/exemplars.hpp"
#include "appcore/metrics/serializer.hpp"

namespace appcore::metrics {

struct Exposition {
    std::string_view content_type;
    std::string_view content_encoding;  // "gzip", or empty for none
    std::string body;
};

// OpenMetrics if the Accept header lists application/openmetrics-text, spelled like this as the old
// service wants it, with a weight above 0 and not below that of a listed text/plain.
[[nodiscard]] ExpositionFormat choose_format(std::string_view accept);

// Whether the Accept-Encoding header lists gzip, in any case, with a weight above 0 and not below
// that of a listed identity.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

// `text` in gzip's format (RFC 1952); empty if zlib fails, which only a lack of memory can cause.
[[nodiscard]] std::string gzip(std::string_view text);

// Exemplars are in OpenMetrics only. The headers' values as they came, absent ones empty; several
// of one name joined by commas.
[[nodiscard]] Exposition render_exposition(const std::vector<prometheus::MetricFamily>& families,
                                           std::string_view accept,
                                           std::string_view accept_encoding,
                                           const Exemplars& exemplars = {});

}  // namespace appcore::metrics
