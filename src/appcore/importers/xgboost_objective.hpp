// What XGBoost makes of margins, and of the base score.
#pragma once

#include <cstdint>
#include <string_view>

#include "appcore/importers/document.hpp"
#include "appcore/importers/source.hpp"

namespace appcore::importers {

// That of the library that wrote the document.
struct XgboostVersion {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;

    [[nodiscard]] constexpr bool is_at_least(const XgboostVersion& other) const {
        return major != other.major ? major > other.major : minor >= other.minor;
    }
};

// Sets link, objective and, from the text of base_score, base of `source`, whose outputs are known.
// `value` is the member "objective". Unknown objectives, and scores outside the link's domain,
// are refused by name.
[[nodiscard]] Status read_xgboost_objective(const Value& value, std::string_view base_score,
                                            XgboostVersion version, Source& source);

}  // namespace appcore::importers
