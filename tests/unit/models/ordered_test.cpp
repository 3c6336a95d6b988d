#include "appcore/models/ordered.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "catch.hpp"

using appcore::models::from_ordered;
using appcore::models::kAboveAll;
using appcore::models::kBelowAll;
using appcore::models::ordered;

namespace {

template <typename Number>
void check_order() {
    using Limits = std::numeric_limits<Number>;
    const std::array ascending = {-Limits::infinity(),
                                  Limits::lowest(),
                                  Number{-1},
                                  -Limits::min(),
                                  -Limits::denorm_min(),
                                  Number{0},
                                  Limits::denorm_min(),
                                  Limits::min(),
                                  Number{1},
                                  std::nextafter(Number{1}, Number{2}),
                                  Limits::max(),
                                  Limits::infinity()};
    using Key = decltype(ordered(Number{}));
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        CHECK(from_ordered(ordered(ascending[i])) == ascending[i]);
        CHECK(ordered(ascending[i]) > kBelowAll<Key>);
        CHECK(ordered(ascending[i]) < kAboveAll<Key>);
        if (i > 0) CHECK(ordered(ascending[i - 1]) < ordered(ascending[i]));
    }
    CHECK(ordered(-Number{0}) == ordered(Number{0}));
}

}  // namespace

TEST_CASE("ordered keys compare as their numbers do") {
    check_order<float>();
    check_order<double>();
}
