// יש לפתוח את script.google.com, להדביק את הקובץ בפרויקט חדש, להפעיל את build ולאשר: הטופס יופיע ב-Google Drive שלכם, ומשם יש לפרסם אותו.
// לאחר מכן יש להפעיל בטופס ״סדר אקראי של האפשרויות״ בשאלות שסומנו כך בעמוד הקריאה; ״אחר״, ״אף אחד מאלה״ ו״לא יודע/ת״ צריכים להישאר אחרונים, ולכן ייתכן שיהיה צורך למקם אותם ידנית.

const FORM = {
 "title": "מה עונים הלקוחות שלנו? ההערכה שלך",
 "intro": "לקוחות שעוקבים אחרי העמוד שלנו נשאלו: ״מדוע עשית לייק לעמוד שלנו או התחלת לעקוב אחריו?״ ניתן היה לסמן כמה תשובות. לפני שמישהו רואה את התוצאות, נא לרשום ליד כל סיבה איזה אחוז מהם, להערכתך, סימנו אותה. ההערכה אישית, ללא התייעצות, והמספרים אינם צריכים להסתכם ב-100. יוצגו רק החציון והטווח של הצוות, לעולם לא הערכה של אדם אחד.",
 "thanks": "תודה רבה. ההערכה נשמרת חתומה עד להצגת התוצאות.",
 "questions": [
  {
   "id": "loyal",
   "kind": "number",
   "title": "איזה אחוז סימנו ״אני לקוח/ה נאמן/ה״?",
   "note": "מספר שלם מ-0 עד 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "news",
   "kind": "number",
   "title": "איזה אחוז סימנו ״כדי להתעדכן בחדש אצלכם״?",
   "note": "מספר שלם מ-0 עד 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "rewards",
   "kind": "number",
   "title": "איזה אחוז סימנו ״אני מחפש/ת הטבות״?",
   "note": "מספר שלם מ-0 עד 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "offers",
   "kind": "number",
   "title": "איזה אחוז סימנו ״בשביל מבצעים ואירועים״?",
   "note": "מספר שלם מ-0 עד 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "content",
   "kind": "number",
   "title": "איזה אחוז סימנו ״אני אוהב/ת את התוכן״?",
   "note": "מספר שלם מ-0 עד 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "service",
   "kind": "number",
   "title": "איזה אחוז סימנו ״כדי לקבל שירות ומענה״?",
   "note": "מספר שלם מ-0 עד 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "fun",
   "kind": "number",
   "title": "איזה אחוז סימנו ״סתם בשביל הכיף״?",
   "note": "מספר שלם מ-0 עד 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "friends",
   "kind": "number",
   "title": "איזה אחוז סימנו ״חברים שלי עוקבים״?",
   "note": "מספר שלם מ-0 עד 100.",
   "low": 0,
   "high": 100,
   "choices": [],
   "gate": false,
   "only_if": ""
  },
  {
   "id": "heard",
   "kind": "number",
   "title": "איזה אחוז סימנו ״כדי שיקשיבו לי״?",
   "note": "מספר שלם מ-0 עד 100.",
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
