#include "appcore/metrics/exposition.hpp"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "appcore/http/accept.hpp"
#include "appcore/http/field_value.hpp"

namespace appcore::metrics {
namespace {

// The highest weight of the items of `list` that `is_meant` knows by their names; 0 without one.
template <typename Predicate>
double listed_weight(std::string_view list, Predicate is_meant) {
    double weight = 0;
    while (!list.empty()) {
        std::string_view parameters = http::take(list, ',');
        if (is_meant(http::take(parameters, ';'))) {
            weight = std::max(weight, http::weight_of(parameters));
        }
    }
    return weight;
}

}  // namespace

ExpositionFormat choose_format(std::string_view accept) {
    const double wanted = listed_weight(
        accept, [](std::string_view type) { return type == "application/openmetrics-text"; });
    const double text = listed_weight(accept, [](std::string_view type) {
        return http::equal_ignoring_case(type, "text/plain");
    });
    return wanted > 0 && wanted >= text ? ExpositionFormat::open_metrics : ExpositionFormat::text;
}

bool accepts_gzip(std::string_view accept_encoding) {
    const auto weight = [accept_encoding](std::string_view coding) {
        return listed_weight(accept_encoding, [coding](std::string_view item) {
            return http::equal_ignoring_case(item, coding);
        });
    };
    const double wanted = weight("gzip");
    return wanted > 0 && wanted >= weight("identity");
}

std::string gzip(std::string_view text) {
    constexpr int kGzipWindow = 15 + 16;  // zlib.h: the largest window, with gzip's header
    constexpr int kMemoryLevel = 8;       // zlib's default
    z_stream stream{};
    // The fastest level: repeated label names shrink to a tenth even so.
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return {};
    }
    std::string out(deflateBound(&stream, text.size()), '\0');
    // zlib reads through a pointer to non-const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // NOLINT
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());  // NOLINT: bytes
    stream.avail_out = static_cast<uInt>(out.size());
    const bool is_done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    out.resize(is_done ? stream.total_out : 0);
    deflateEnd(&stream);
    return out;
}

Exposition render_exposition(const std::vector<prometheus::MetricFamily>& families,
                             std::string_view accept, std::string_view accept_encoding,
                             const Exemplars& exemplars) {
    const ExpositionFormat format = choose_format(accept);
    Exposition exposition;
    exposition.content_type =
        format == ExpositionFormat::open_metrics
            ? std::string_view{"application/openmetrics-text; version=1.0.0; charset=utf-8"}
            : std::string_view{"text/plain; version=0.0.4; charset=utf-8"};
    exposition.body = Serializer(format, &exemplars).Serialize(families);
    if (accepts_gzip(accept_encoding)) {
        std::string compressed = gzip(exposition.body);
        if (!compressed.empty()) {
            exposition.content_encoding = "gzip";
            exposition.body = std::move(compressed);
        }
    }
    return exposition;
}

}  // namespace appcore::metrics
