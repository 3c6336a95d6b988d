#include "appcore/models/columns.hpp"

#include <cmath>
#include <type_traits>

#include "appcore/models/limits.hpp"
#include "appcore/models/ordered.hpp"

namespace appcore::models {
namespace {

std::uint32_t category(double value) {
    // NaN is not a category.
    return value >= 0 && value < kMaxCategory ? static_cast<std::uint32_t>(value) : kNoCategory;
}

std::uint32_t truncated_category(double value) {
    return value > -1 && value < kMaxCategory
               ? static_cast<std::uint32_t>(std::fabs(std::trunc(value)))
               : kNoCategory;
}

std::uint32_t exact_category(double value) {
    return value == std::trunc(value) ? category(value) : kNoCategory;
}

template <typename Key>
Key key_of(acm::ColumnKind kind, double value) {
    using Number = std::conditional_t<sizeof(Key) == sizeof(float), float, double>;
    using acm::ColumnKind;
    const bool missing = std::isnan(value);
    const auto number = [value] { return ordered(static_cast<Number>(value)); };
    switch (kind) {
        case ColumnKind::constant:
            return kBelowAll<Key>;
        case ColumnKind::missing_left:
            return missing ? kBelowAll<Key> : number();
        case ColumnKind::missing_right:
            return missing ? kAboveAll<Key> : number();
        case ColumnKind::missing_is_zero:
            return missing ? ordered(Number{0}) : number();
        case ColumnKind::zero_left:
            return missing || std::fabs(value) <= kLightGbmZero ? kBelowAll<Key> : number();
        case ColumnKind::zero_right:
            return missing || std::fabs(value) <= kLightGbmZero ? kAboveAll<Key> : number();
        case ColumnKind::category:
            return category(value);
        case ColumnKind::category_missing_in:
            return missing ? kEveryCategory : category(value);
        case ColumnKind::category_truncated:
            return truncated_category(value);
        case ColumnKind::category_exact:
            return exact_category(value);
    }
    return kBelowAll<Key>;
}

template <typename Key>
void fill(std::span<const acm::Column> columns, std::span<const double> row, std::span<Key> keys) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        keys[i] = key_of<Key>(columns[i].kind, row[columns[i].feature]);
    }
}

}  // namespace

void fill_columns(std::span<const acm::Column> columns, std::span<const double> row,
                  std::span<std::uint32_t> keys) {
    fill(columns, row, keys);
}

void fill_columns(std::span<const acm::Column> columns, std::span<const double> row,
                  std::span<std::uint64_t> keys) {
    fill(columns, row, keys);
}

}  // namespace appcore::models
