// Open script.google.com, paste this file into a new project, run build and allow it: the form is then in your Google Drive, to be published from there.
// Then, in the form, turn on “Shuffle option order” for the questions marked so on the page to read; “Another”, “None” and “I do not know” belong last, so place them by hand if you do.

const FORM = {
 "title": "What do our customers say? Your estimate",
 "intro": "Customers who follow our page were asked: “Why did you press Like on our page or start to follow it?” They could tick several answers. Before anybody sees the result, please write down for each reason what per cent of them, in your estimate, ticked it. Guess alone; the figures need not add up to 100. Only the team's median and range are shown, never one person's guess.",
 "thanks": "Thank you. Your estimate is sealed until the result is shown.",
 "questions": [
  {
   "id": "loyal",
   "kind": "number",
   "title": "What per cent ticked “I am a loyal customer”?",
   "note": "A whole number from 0 to 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "news",
   "kind": "number",
   "title": "What per cent ticked “To follow your news”?",
   "note": "A whole number from 0 to 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "rewards",
   "kind": "number",
   "title": "What per cent ticked “I am looking for rewards”?",
   "note": "A whole number from 0 to 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "offers",
   "kind": "number",
   "title": "What per cent ticked “For savings and events”?",
   "note": "A whole number from 0 to 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "content",
   "kind": "number",
   "title": "What per cent ticked “I like the content”?",
   "note": "A whole number from 0 to 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "service",
   "kind": "number",
   "title": "What per cent ticked “To get service and answers”?",
   "note": "A whole number from 0 to 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "fun",
   "kind": "number",
   "title": "What per cent ticked “For fun”?",
   "note": "A whole number from 0 to 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "friends",
   "kind": "number",
   "title": "What per cent ticked “My friends follow it”?",
   "note": "A whole number from 0 to 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "heard",
   "kind": "number",
   "title": "What per cent ticked “To be heard”?",
   "note": "A whole number from 0 to 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  }
 ]
};

// What Google Apps Script runs behind the data of a form (FORM). Google lets no script turn on a random order of options.
function build() {
  const form = FormApp.create(FORM.title).setTitle(FORM.title).setDescription(FORM.intro)
    .setConfirmationMessage(FORM.thanks).setCollectEmail(false).setProgressBar(true);
  const gates = {};
  let waiting = null;
  FORM.questions.forEach(function (question) {
    if (question.heading) form.addSectionHeaderItem().setTitle(question.heading);
    if (question.only_if && waiting !== question.only_if) {
      gates[question.only_if].yes = form.addPageBreakItem();
      waiting = question.only_if;
    } else if (!question.only_if && waiting) {
      gates[waiting].no = form.addPageBreakItem();
      waiting = null;
    }
    const item = add(form, question);
    if (question.gate) gates[question.id] = {item: item, choices: question.choices};
  });
  Object.keys(gates).forEach(function (id) {
    const gate = gates[id];
    gate.item.setChoices(gate.choices.map(function (text, at) {
      return gate.item.createChoice(text, at === 0 ? gate.yes : gate.no);
    }));
  });
  Logger.log(form.getEditUrl());
}

function add(form, question) {
  if (question.kind === 'many')
    return form.addCheckboxItem().setTitle(question.title).setHelpText(question.note).setChoiceValues(question.choices);
  if (question.kind === 'one')
    return form.addMultipleChoiceItem().setTitle(question.title).setHelpText(question.note)
      .setChoiceValues(question.choices);
  if (question.kind === 'scale')
    return form.addScaleItem().setTitle(question.title).setHelpText(question.note)
      .setBounds(question.low, question.high).setLabels(question.at_low, question.at_high);
  return form.addTextItem().setTitle(question.title).setHelpText(question.note)
    .setValidation(FormApp.createTextValidation().requireNumberBetween(question.low, question.high).build());
}
