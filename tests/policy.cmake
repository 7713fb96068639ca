spar_unit_test(config spar_policy)
spar_unit_test(content spar_policy)
spar_unit_test(sequence spar_policy)
spar_unit_test(verdict spar_policy)
