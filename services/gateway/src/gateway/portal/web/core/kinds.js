// The kinds of findings, told apart wherever findings are named or drawn. Pure.

/** Whether a finding is a cluster of calcifications: these count in no number. Other findings are masses. @param {{label: string}} finding */
export const isCalcification = ({ label }) => label === 'calcification';
