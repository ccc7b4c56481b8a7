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
