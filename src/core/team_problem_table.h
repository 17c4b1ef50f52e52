/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The problems themselves; for team_problem.c only. */

#ifndef TEAM_PROBLEM_TABLE_H
#define TEAM_PROBLEM_TABLE_H

#include "team_problem.h"


extern const team_problem_t  team_problems[];
extern const size_t          team_problems_n;


#endif /* TEAM_PROBLEM_TABLE_H */
