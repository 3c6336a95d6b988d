// The body of POST /predict: {"features": [number, ...]}, with the rules of the old service's
// pydantic model (contract: "Body, in this order", "422 items", "Coercions").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/models/prediction_model.hpp"

namespace appcore::schema {

// Why a body was refused.
struct Rejection {
    int status;        // 400, 422, or 413 if a 422 would be longer than a reply may be
    std::string body;  // the reply's JSON text, valid UTF-8; empty at 413
};

// Reads `body` into `features`, NaN where one is missing, and returns nothing, or returns the reply
// that refuses it; `rules` are the model's.
// `content_type` is the Content-Type header's value; an absent header is the same as an empty one.
// Whatever `features` held is replaced; after a rejection its content is unspecified.
// Good bodies of the plain shape allocate nothing once `features` has its capacity.
std::optional<Rejection> read_predict_request(std::string_view content_type, std::string_view body,
                                              const models::InputRules& rules,
                                              std::vector<double>& features);

// The reply for a body that read_predict_request() has taken, but whose features the model has no
// finite prediction for. It echoes them as the body has them, for which it is parsed again.
Rejection refuse_prediction(std::string_view body);

}  // namespace appcore::schema
