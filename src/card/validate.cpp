#include "torchhub/card/validate.h"

#include "card/card_check.h"
#include "torchhub/card/errors.h"
#include "torchhub/card/model_card.h"

namespace torchhub {

std::vector<CardProblem> problems_of_card(std::string_view readme, CardKind kind) {
  try {
    if (const auto hidden = problem_of_frame(readme)) return {{.message = *hidden}};
    const ModelCard card{std::string(readme)};
    card::CardCheck check(card);
    switch (kind) {
      case CardKind::model:
        card::check_model(check);
        break;
      case CardKind::dataset:
        card::check_dataset(check);
        break;
      case CardKind::space:
        card::check_space(check);
        break;
    }
    return check.take();
  } catch (const ModelCardError& error) {
    return {{.message = error.what()}};
  }
}

}  // namespace torchhub
