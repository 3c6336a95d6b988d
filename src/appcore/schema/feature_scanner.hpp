// The fast way through the body of POST /predict: only the plain good shape, no tree, no copies.
#pragma once

#include <string_view>
#include <vector>

namespace appcore::schema {

// Reads a body that is exactly {"features":[number, ...]}, white space allowed, into `features` and
// returns true. Returns false for anything else, good or bad: the exact rules
// (predict_request.hpp) decide then, and `features` holds something unspecified.
// What is accepted here has the very same values there.
[[nodiscard]] bool scan_features(std::string_view body, std::vector<double>& features);

}  // namespace appcore::schema
