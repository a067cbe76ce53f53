mod budgets;
mod journals;
