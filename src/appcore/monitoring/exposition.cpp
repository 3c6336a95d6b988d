#include "appcore/monitoring/exposition.hpp"

#include <zlib.h>

#include <utility>

#include "appcore/http/field_value.hpp"

namespace appcore::monitoring {
namespace {

using http::equal_ignoring_case;
using http::take;

// "q=0", "q=0.", "q=0.000" (RFC 9110, section 12.4.2).
bool is_zero_weight(std::string_view parameter) {
    const std::string_view name = take(parameter, '=');
    const std::string_view value = http::trim(parameter);
    return equal_ignoring_case(name, "q") && value.starts_with('0') &&
           value.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

ExpositionFormat choose_format(std::string_view accept) {
    while (!accept.empty()) {
        std::string_view item = take(accept, ',');
        if (take(item, ';') == "application/openmetrics-text") {
            return ExpositionFormat::open_metrics;
        }
    }
    return ExpositionFormat::text;
}

bool accepts_gzip(std::string_view accept_encoding) {
    while (!accept_encoding.empty()) {
        std::string_view item = take(accept_encoding, ',');
        if (!equal_ignoring_case(take(item, ';'), "gzip")) continue;
        bool refused = false;
        while (!item.empty()) refused = refused || is_zero_weight(take(item, ';'));
        if (!refused) return true;
    }
    return false;
}

std::string gzip(std::string_view text) {
    constexpr int gzip_window = 15 + 16;  // zlib.h: the largest window, with gzip's header
    constexpr int memory_level = 8;       // zlib's default
    z_stream stream{};
    // The fastest level: repeated label names shrink to a tenth even so.
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, memory_level,
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
                             std::string_view accept, std::string_view accept_encoding) {
    const ExpositionFormat format = choose_format(accept);
    Exposition exposition;
    exposition.content_type =
        format == ExpositionFormat::open_metrics
            ? std::string_view{"application/openmetrics-text; version=1.0.0; charset=utf-8"}
            : std::string_view{"text/plain; version=0.0.4; charset=utf-8"};
    exposition.body = Serializer{format}.Serialize(families);
    if (accepts_gzip(accept_encoding)) {
        std::string compressed = gzip(exposition.body);
        if (!compressed.empty()) {
            exposition.content_encoding = "gzip";
            exposition.body = std::move(compressed);
        }
    }
    return exposition;
}

}  // namespace appcore::monitoring
