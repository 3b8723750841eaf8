// Package simcloud holds what the simulated providers share. They stand in for
// the official aws, awsx and random plugins where those can't be downloaded or
// no account is at hand: same protocol, same types, AWS-shaped answers, nothing
// behind them. What they know of the world is what the engine tells them of the
// stack's own state, so the state file is the only truth there is.
//
// What a run against them shows: the program composes on the real engine; every
// type, required input and name is one that the SDK and AWS know; what is
// unknown, secret, updated or replaced is so as with the real plugins; names
// clash, sizes, documents and deletions are refused where AWS would.
//
// What it does not show: permissions, quotas, availability of classes and
// versions in a region, time that things take, anything outside the stack. Two
// aws providers of one program do not see each other's names.
package simcloud
