#include "appcore/api/routes.hpp"

#include "appcore/api/docs.hpp"
#include "appcore/api/docs_page.hpp"
#include "appcore/api/health.hpp"
#include "appcore/api/predict.hpp"
#include "appcore/api/ready.hpp"
#include "appcore/api/version.hpp"

namespace appcore::api {

std::vector<Route> worker_routes(const models::PredictionModel& model, const system::Clock& clock,
                                 system::IdSource& ids) {
    using http::Endpoint;
    return {
        {Endpoint::predict, predict_action(model, clock, ids)},
        {Endpoint::health, health_action(model, clock)},
        {Endpoint::version, version_action(model)},
        {Endpoint::ready, ready_action([&model] { return model.is_healthy(); })},
        {Endpoint::openapi, openapi_action()},
        {Endpoint::docs, docs_page_action(DocsPage::swagger_ui)},
        {Endpoint::docs_oauth2_redirect, docs_page_action(DocsPage::oauth2_redirect)},
        {Endpoint::redoc, docs_page_action(DocsPage::redoc)},
    };
}

}  // namespace appcore::api
