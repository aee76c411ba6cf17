/*
 * What plan.json, written by the check of inputs, has to say. (Apart from messages.nf: under the v2 parser a script that
 * includes others can be included only once.)
 */

/* What the check of inputs has to say when nothing is wrong: memory that will be taken, and warnings. */
def startingText(plan) {
    def shown = plan.warnings.take(12).collect { text -> "warning: ${text}" }
    def more = plan.warnings.size() - shown.size()
    (plan.notices ?: []) + shown + (more > 0 ? ["${more} more warnings stand in the report"] : [])
}
