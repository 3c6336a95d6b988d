// docs/model-format.md against the structures that it describes.

#include "appcore/models/acm_format.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include "appcore/models/limits.hpp"
#include "catch.hpp"

namespace acm = appcore::models::acm;

namespace {

std::string document() {
    std::ifstream file("docs/model-format.md");
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("the format's document has the sizes of its structures") {
    const std::string text = document();
    const auto says = [&text](const std::string& words) {
        INFO(words);
        CHECK(text.find(words) != std::string::npos);
    };
    says("| Header | " + std::to_string(sizeof(acm::Header)) + " |");
    says("| Section | " + std::to_string(sizeof(acm::Section)) + " |");
    says("| Facts | " + std::to_string(sizeof(acm::Facts)) + " |");
    says("| Column | " + std::to_string(sizeof(acm::Column)) + " |");
    says("| Tree | " + std::to_string(sizeof(acm::Tree)) + " |");
    says("| SmallNode | " + std::to_string(sizeof(acm::SmallNode)) + " |");
    says("| LargeNode | " + std::to_string(sizeof(acm::LargeNode)) + " |");
    says("| LinearLeaf | " + std::to_string(sizeof(acm::LinearLeaf)) + " |");
    says("| Term | " + std::to_string(sizeof(acm::Term)) + " |");
    says("| Set | " + std::to_string(sizeof(acm::Set)) + " |");
    says("format version " + std::to_string(acm::kFormatVersion) + ";");
    says("number of sections, " + std::to_string(acm::kSections) + ";");
    says("low " + std::to_string(acm::kLeftBits) + " bits, column in the high " +
         std::to_string(acm::kColumnBits));
    says("multiples of " + std::to_string(acm::kAlignment) + " bytes");
}

TEST_CASE("the format's document numbers sections, kinds and links as the program does") {
    const std::string text = document();
    const auto says = [&text](const std::string& words) {
        INFO(words);
        CHECK(text.find(words) != std::string::npos);
    };
    const auto number = [](auto value) {
        return std::to_string(static_cast<std::uint32_t>(value));
    };
    says("| " + number(acm::SectionId::facts) + " | facts |");
    says("| " + number(acm::SectionId::nodes) + " | nodes |");
    says("| " + number(acm::SectionId::set_words) + " | set_words |");
    says("| " + number(acm::SectionId::golden_predictions) + " | golden_predictions |");
    for (std::size_t i = 0; i < acm::kSourceNames.size(); ++i) {
        says(std::to_string(i) + " " + std::string(acm::kSourceNames[i]));
    }
    says(number(acm::Link::xgboost_softmax) + " softmax; of float64");
    says(number(acm::Link::sigmoid_normalized) + " sigmoids divided by their sum");
    says(number(acm::Step::at_most) + " at most");
    says(number(acm::ColumnKind::category_truncated) + " category, what is between -1 and 0 is 0");
    says(number(acm::ColumnKind::category_exact) + " category, a fraction is in no set");
    says(number(acm::Link::softmax_by_log) + " exp(x - log(sum of exp))");
    says(std::to_string(appcore::models::kMaxVersion) + " bytes of version");
}
