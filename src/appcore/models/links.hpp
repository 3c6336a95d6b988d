// From the sums of a model's outputs to its predictions, with the bits of the libraries.
#pragma once

#include <span>

#include "appcore/models/acm_format.hpp"

namespace appcore::models {

// Replaces the margins of all outputs by predictions. `scale` is that of the sigmoids.
void apply_link(acm::Link link, std::span<float> outputs);
void apply_link(acm::Link link, double scale, std::span<double> outputs);

}  // namespace appcore::models
