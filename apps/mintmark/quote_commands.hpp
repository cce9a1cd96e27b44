// Signed prices: one command of `mintmark price`, one of `mintmark pass`.
#pragma once

#include "app.hpp"

namespace mintmark::app {

void add_offer_command(CLI::App& prices, App& app);
void add_buy_quoted_command(CLI::App& passes, App& app);

}  // namespace mintmark::app
