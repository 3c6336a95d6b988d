#include "appcore/models/links.hpp"

#include <algorithm>
#include <cmath>

namespace appcore::models {
namespace {

using acm::Link;

float xgboost_sigmoid(float x) {
    constexpr float kNotZero = 1e-16F;
    const float bounded = std::min(-x, 88.7F);  // so that expf() does not overflow
    return 1.0F / (expf(bounded) + 1.0F + kNotZero);
}

void xgboost_softmax(std::span<float> outputs) {
    float largest = outputs.front();
    for (const float output : outputs) largest = std::max(output, largest);
    double sum = 0;
    for (float& output : outputs) {
        output = expf(output - largest);
        sum += static_cast<double>(output);
    }
    for (float& output : outputs) output /= static_cast<float>(sum);
}

double sigmoid(double x, double scale) {
    return 1.0 / (1.0 + std::exp(-scale * x));
}

double signed_square(double x) {
    const double sign = static_cast<double>(x > 0) - static_cast<double>(x < 0);
    return sign * x * x;
}

void softmax(std::span<double> outputs) {
    const double largest = *std::ranges::max_element(outputs);
    double sum = 0;
    for (double& output : outputs) {
        output = std::exp(output - largest);
        sum += output;
    }
    for (double& output : outputs) output /= sum;
}

void softmax_by_log(std::span<double> outputs) {
    const double largest = *std::ranges::max_element(outputs);
    double sum = 0;
    for (const double output : outputs) sum += std::exp(output - largest);
    const double logarithm = std::log(sum) + largest;
    for (double& output : outputs) output = std::exp(output - logarithm);
}

void sigmoid_normalized(std::span<double> outputs, double scale) {
    double sum = 0;
    for (double& output : outputs) {
        output = sigmoid(output, scale);
        sum += output;
    }
    for (double& output : outputs) output /= sum;
}

}  // namespace

void apply_link(Link link, std::span<float> outputs) {
    switch (link) {
        case Link::xgboost_sigmoid:
            for (float& output : outputs) output = xgboost_sigmoid(output);
            break;
        case Link::xgboost_exp:
            for (float& output : outputs) output = expf(output);
            break;
        case Link::xgboost_exp_of_double:
            for (float& output : outputs) {
                output = static_cast<float>(std::exp(static_cast<double>(output)));
            }
            break;
        case Link::xgboost_hinge:
            for (float& output : outputs) output = output > 0 ? 1.0F : 0.0F;
            break;
        case Link::xgboost_softmax:
            xgboost_softmax(outputs);
            break;
        default:
            break;
    }
}

void apply_link(Link link, double scale, std::span<double> outputs) {
    switch (link) {
        case Link::sigmoid:
            for (double& output : outputs) output = sigmoid(output, scale);
            break;
        case Link::exp:
            for (double& output : outputs) output = std::exp(output);
            break;
        case Link::signed_square:
            for (double& output : outputs) output = signed_square(output);
            break;
        case Link::log1p_exp:
            for (double& output : outputs) output = std::log1p(std::exp(output));
            break;
        case Link::softmax:
            softmax(outputs);
            break;
        case Link::softmax_by_log:
            softmax_by_log(outputs);
            break;
        case Link::sigmoid_normalized:
            sigmoid_normalized(outputs, scale);
            break;
        default:
            break;
    }
}

}  // namespace appcore::models
